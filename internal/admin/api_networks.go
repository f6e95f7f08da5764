package admin

import (
	"net/http"
	"net/url"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

// NetworksPage is the answer to GET /api/v1/networks, the network heard of last
// first unless sort says otherwise. The query's limit and offset choose the part, q
// what is in the name.
type NetworksPage struct {
	Page
	Policy   Policy    `json:"policy"`
	Networks []Network `json:"networks"`
}

// Policy is what holds where no rule matches.
type Policy struct {
	Mode         string  `json:"mode"`
	Learn        string  `json:"learn"`
	FirewallIdle float64 `json:"firewall_idle_seconds"` // 0 = not known
	Margin       float64 `json:"margin_seconds"`
}

// Network is what was learned of a network: its name, or the prefix it goes by.
type Network struct {
	Name string `json:"name"`
	HTTP int    `json:"http"` // 1 or 2: their connections are kept alive differently

	Survived int     `json:"survived"`     // waits whose answer arrived
	Died     int     `json:"died"`         // waits that broke while nothing was said
	Devices  int     `json:"devices_died"` // how many different ones lately; three are needed
	Other    float64 `json:"other_share"`  // of waits that die of another cause, 0 to 1

	Limit  float64 `json:"limit_seconds"` // as likely too high as too low; 3600 stands for any more
	Low    float64 `json:"limit_low_seconds"`
	High   float64 `json:"limit_high_seconds"` // it lies from low to high with 90 %
	Advice float64 `json:"advice_seconds"`     // what a wait should be at most; 0 = nothing to say

	Rule  string  `json:"rule"`          // that decides for a device there of which nothing else is known
	Kept  float64 `json:"kept_seconds"`  // what such a device gets at most; 0 = what it asks
	Would float64 `json:"would_seconds"` // the same if all that is only observed were enforced

	MeanAsked float64 `json:"asked_mean_seconds"` // of the last 200 intervals; 0 = none was asked
	Event1040 bool    `json:"event_1040"`         // whether Exchange would warn of that mean
}

// networkOrders are what networks may be sorted by.
var networkOrders = []string{"seen", "name", "limit", "advice", "survived", "died", "devices_died", "asked_mean"}

func (a *api) networks(w http.ResponseWriter, r *http.Request) {
	asked, ok := pageAsked(w, r, networkOrders...)
	if !ok {
		return
	}
	now, page := a.Now(), shown[heartbeat.Network]{request: &asked}
	for n := range a.Networks.All {
		if r.Context().Err() != nil {
			return
		}
		if !asked.found(n.Name) {
			continue
		}
		turn := float64(-asked.Total) // the one heard of last has the greatest
		page.add(n, func() (string, float64) { return a.rankNetwork(asked.sort, n, a.Networks.Advise(now, n), turn) })
	}
	networks := []Network{}
	for _, n := range page.page() {
		networks = append(networks, a.networkOf(now, n))
	}
	sayJSON(w, NetworksPage{asked.Page, a.policy(), networks})
}

// rankNetwork is a network's place in an order.
func (a *api) rankNetwork(sort string, n heartbeat.Network, known heartbeat.Advice, turn float64) (text string, number float64) {
	switch sort {
	case "name":
		return n.Name, float64(n.HTTP)
	case "limit":
		return "", known.Limit.Seconds()
	case "advice":
		return "", known.Interval.Seconds()
	case "survived":
		return "", float64(known.Survived)
	case "died":
		return "", float64(known.Died)
	case "devices_died":
		return "", float64(known.Devices)
	case "asked_mean":
		return "", known.MeanAsked.Seconds()
	}
	return "", turn
}

// meant are the networks that a query names; its zero value is all.
type meant heartbeat.Network

func networkAsked(w http.ResponseWriter, query url.Values) (m meant, ok bool) {
	m.Name = query.Get("network")
	version, ok := whole(w, query, number{"http", 0, 1, 2})
	m.HTTP = uint8(version)
	return m, ok
}

// has tells whether a network is one of those that are meant.
func (m meant) has(n heartbeat.Network) bool {
	return (m.Name == "" || m.Name == n.Name) && (m.HTTP == 0 || m.HTTP == n.HTTP)
}

// longestAsked is the longest interval that Exchange takes (MS-ASCMD 2.2.3.88.1,
// notes 7 and 8): who asks for it meets every limit that there is.
const longestAsked = 3540 * time.Second

func (a *api) networkOf(now time.Time, n heartbeat.Network) Network {
	known, d := a.Networks.Advise(now, n), a.Decide(policy.Asker{Network: n.Name})
	return Network{
		Name: n.Name, HTTP: int(n.HTTP),
		Survived: known.Survived, Died: known.Died, Devices: known.Devices, Other: known.Other,
		Limit: known.Limit.Seconds(), Low: known.Low.Seconds(), High: known.High.Seconds(), Advice: known.Interval.Seconds(),
		Rule: d.Rule, Kept: atMost(d, known.Interval), Would: atMost(d.Enforced(), known.Interval),
		MeanAsked: known.MeanAsked.Seconds(), Event1040: known.Event1040,
	}
}

func atMost(d policy.Decision, advice time.Duration) float64 {
	give, clamped := d.Limit(longestAsked, advice)
	if !clamped {
		return 0
	}
	return give.Seconds()
}

// policy is what holds where no rule matches.
func (a *api) policy() Policy {
	d := a.Decide(policy.Asker{})
	return Policy{d.Mode.String(), d.Learn.String(), d.Max.Seconds(), d.Margin.Seconds()}
}
