package admin

import (
	"net/http"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

// NetworksPage is the answer to GET /api/v1/networks, the network heard of last
// first. The query's limit and offset choose the part, q what is in the name.
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

func (l *Learned) networks(w http.ResponseWriter, r *http.Request) {
	asked, ok := pageAsked(w, r)
	if !ok {
		return
	}
	found, shown := 0, []Network{}
	for n := range l.Networks {
		if !asked.found(n.Name) {
			continue
		}
		show, end := asked.turn(found)
		if end {
			break
		}
		if show {
			shown = append(shown, networkOf(n, l.Advise(time.Now(), n), l.Decide(n.Name)))
		}
		found++
	}
	sayJSON(w, http.StatusOK, NetworksPage{asked.Page, policyOf(l.Decide("")), shown})
}

// longestAsked is the longest interval that Exchange takes (MS-ASCMD 2.2.3.88.1,
// notes 7 and 8): who asks for it meets every limit that there is.
const longestAsked = 3540 * time.Second

func networkOf(n heartbeat.Network, a heartbeat.Advice, d policy.Decision) Network {
	return Network{
		Name: n.Name, HTTP: int(n.HTTP),
		Survived: a.Survived, Died: a.Died, Devices: a.Devices, Other: a.Other,
		Limit: a.Limit.Seconds(), Low: a.Low.Seconds(), High: a.High.Seconds(), Advice: a.Interval.Seconds(),
		Rule: d.Rule, Kept: atMost(d, a.Interval), Would: atMost(d.Enforced(), a.Interval),
		MeanAsked: a.MeanAsked.Seconds(), Event1040: a.Event1040,
	}
}

func atMost(d policy.Decision, advice time.Duration) float64 {
	give, clamped := d.Limit(longestAsked, advice)
	if !clamped {
		return 0
	}
	return give.Seconds()
}

func policyOf(d policy.Decision) Policy {
	return Policy{d.Mode.String(), d.Learn.String(), d.Max.Seconds(), d.Margin.Seconds()}
}
