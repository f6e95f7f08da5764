package admin

import (
	"net/http"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// DevicesPage is the answer to GET /api/v1/devices, the device heard of last first.
// The query's limit and offset choose the part, q what is in the user's name (plain,
// or as it is shown), the device's id or its type, in any case of letters.
type DevicesPage struct {
	Page
	Devices []Device `json:"devices"`
}

// Device is what is known of a device. An interval of 0 is one that is not known.
type Device struct {
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

func (l *Learned) devices(w http.ResponseWriter, r *http.Request) {
	asked, ok := pageAsked(w, r)
	if !ok {
		return
	}
	found, shown := 0, []Device{}
	for k, s := range l.Devices {
		if r.Context().Err() != nil {
			return // a search through a million of them, and nobody waits for it any more
		}
		user := l.User(k.Principal)
		if !asked.found(k.Principal, user, k.Device, k.Type) {
			continue
		}
		show, end := asked.turn(found)
		if end {
			break
		}
		if show {
			shown = append(shown, deviceOf(k, s, user))
		}
		found++
	}
	sayJSON(w, http.StatusOK, DevicesPage{asked.Page, shown})
}

func deviceOf(k heartbeat.Key, s heartbeat.DeviceState, user string) Device {
	d := Device{
		User: user, Device: k.Device, Type: k.Type,
		Network: s.Network.Name, HTTP: int(s.Network.HTTP),
		Asked: s.Asked.Seconds(), Given: s.Given.Seconds(), LastGood: s.LastGood.Seconds(),
		Ladder: s.Ladder, State: s.State, Deaf: s.Deaf, Seen: moment(s.Seen), Waits: []Wait{},
	}
	for _, e := range s.Last {
		d.Waits = append(d.Waits, Wait{
			Ended: moment(e.When), Asked: e.Asked.Seconds(), Given: e.Given.Seconds(), Held: e.Held.Seconds(),
			Outcome: e.Outcome.String(), Proof: e.Proof.String(),
		})
	}
	return d
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
