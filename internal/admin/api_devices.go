package admin

import (
	"net/http"

	"github.com/diastole/diastole/heartbeat"
)

// DevicesPage is the answer to GET /api/v1/devices, the device heard of last first
// unless sort says otherwise. The query's limit and offset choose the part, q what is
// in the user's name or the device's id (plain, or as the log has it) or the type, in any
// case of letters; network and http those that asked last from there.
type DevicesPage struct {
	Page
	Devices []Device `json:"devices"`
}

// Device is what is known of a device. An interval of 0 is one that is not known.
type Device struct {
	ID       string  `json:"id"`   // for /api/v1/devices/ID; the same after a restart where state.path is set
	User     string  `json:"user"` // as log.users says
	Device   string  `json:"device"`
	Type     string  `json:"device_type"`
	Network  string  `json:"network"` // that it asked from last
	HTTP     int     `json:"http"`    // 1 or 2
	Asked    float64 `json:"asked_seconds"`
	Given    float64 `json:"given_seconds"`     // to its last wait that ended
	LastGood float64 `json:"last_good_seconds"` // the last interval that it knows to work
	Ladder   string  `json:"ladder"`            // "" while none explains what it asks
	State    string  `json:"state"`
	Deaf     bool    `json:"deaf"` // it was told a limit and asked for more again
	Seen     string  `json:"seen"` // when it asked last, RFC 3339
	Waits    []Wait  `json:"waits"`
}

// Wait is a wait of a device that has ended; a Device has its last ones, newest first.
type Wait struct {
	Ended   string  `json:"ended"` // RFC 3339
	Asked   float64 `json:"asked_seconds"`
	Given   float64 `json:"given_seconds"`
	Held    float64 `json:"held_seconds"`
	Outcome string  `json:"outcome"`
	Proof   string  `json:"proof"` // that its answer arrived: confirmed, acked, lost, unknown
}

// deviceOrders are what devices may be sorted by.
var deviceOrders = []string{"seen", "user", "device", "type", "network", "ladder", "asked", "given", "last_good"}

func (a *api) devices(w http.ResponseWriter, r *http.Request) {
	asked, ok := pageAsked(w, r, deviceOrders...)
	if !ok {
		return
	}
	from, ok := networkAsked(w, asked.query)
	if !ok {
		return
	}
	page := shown[uint64]{request: &asked}
	for h := range a.Devices.Habits {
		if r.Context().Err() != nil {
			return // nobody waits for it any more
		}
		if from.has(h.Network) && a.searched(&asked, h.Key) {
			page.add(h.ID, func() (string, float64) { return a.rank(asked.sort, h) })
		}
	}
	devices := []Device{}
	for _, number := range page.page() {
		if k, s, known := a.Devices.ByID(number); known {
			devices = append(devices, a.deviceOf(k, s))
		}
	}
	sayJSON(w, DevicesPage{asked.Page, devices})
}

// searched tells whether a device is one of those that are searched for. How the log has
// its names comes last, and only where it may be meant: it is the name itself, or
// hexadecimal digits, and to reckon those of all devices would be most of a search.
func (a *api) searched(asked *request, k heartbeat.Key) bool {
	return asked.search == "" || asked.found(k.Principal, k.Device, k.Type) ||
		asked.hexadecimal && asked.found(a.User(k.Principal), a.User(k.Device))
}

// rank is a device's place in an order.
func (a *api) rank(sort string, h heartbeat.Habit) (text string, number float64) {
	switch sort {
	case "user":
		return a.User(h.Key.Principal), 0
	case "device":
		return h.Key.Device, 0
	case "type":
		return h.Key.Type, 0
	case "network":
		return h.Network.Name, float64(h.Network.HTTP)
	case "ladder":
		return h.Ladder, 0
	case "asked":
		return "", h.Asked.Seconds()
	case "given":
		return "", h.Given.Seconds()
	case "last_good":
		return "", h.LastGood.Seconds()
	}
	return "", float64(h.Seen.Unix())
}

func (a *api) deviceOf(k heartbeat.Key, s heartbeat.DeviceState) Device {
	d := Device{
		ID: a.seal.id(k.ID()), User: a.User(k.Principal), Device: k.Device, Type: k.Type,
		Network: s.Network.Name, HTTP: int(s.Network.HTTP),
		Asked: s.Asked.Seconds(), Given: s.Given.Seconds(), LastGood: s.LastGood.Seconds(),
		Ladder: s.Ladder, State: s.State, Deaf: s.Deaf, Seen: moment(s.Seen), Waits: []Wait{},
	}
	for _, e := range s.Last {
		d.Waits = append(d.Waits, waitOf(e))
	}
	return d
}

func waitOf(e heartbeat.Ended) Wait {
	return Wait{
		Ended: moment(e.When), Asked: e.Asked.Seconds(), Given: e.Given.Seconds(), Held: e.Held.Seconds(),
		Outcome: e.Outcome.String(), Proof: e.Proof.String(),
	}
}
