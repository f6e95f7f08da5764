package admin

import (
	"net/http"

	"github.com/diastole/diastole/heartbeat"
)

// NetworkDetail is the answer to GET /api/v1/networks/NAME: what is believed of the
// network's limit, and what it is believed for.
type NetworkDetail struct {
	Network
	Policy    Policy  `json:"policy"`
	Threshold float64 `json:"event_1040_threshold_seconds"` // a mean asked of this or less is what Exchange warns of
	// Survival is what is believed of each limit from 30 s to 3600 s, which stands for any more.
	Survival []SurvivalPoint `json:"survival"`
	Evidence []EvidencePoint `json:"evidence"` // the last, at most 64 of each kind, each oldest first
}

// SurvivalPoint is one limit of the grid.
type SurvivalPoint struct {
	Seconds     float64 `json:"seconds"`
	Probability float64 `json:"probability"` // that this is the limit
	Survival    float64 `json:"survival"`    // that a silence so long is survived
}

// EvidencePoint is one wait that told something.
type EvidencePoint struct {
	Seconds  float64 `json:"seconds"` // of silence
	Survived bool    `json:"survived"`
	When     string  `json:"when"` // RFC 3339
}

func (a *api) network(w http.ResponseWriter, r *http.Request) {
	version, ok := whole(w, r.URL.Query(), number{"http", 1, 1, 2})
	if !ok {
		return
	}
	n := heartbeat.Network{Name: r.PathValue("name"), HTTP: uint8(version)}
	now := a.Now()
	likely := a.Networks.Posterior(now, n)
	if likely == nil {
		sayProblem(w, http.StatusNotFound, "no phone has asked from the network "+n.Name+" by HTTP/"+string('0'+rune(n.HTTP)),
			"take the name and http as GET /api/v1/networks has them")
		return
	}
	detail := NetworkDetail{Network: a.networkOf(now, n), Policy: a.policy(), Threshold: heartbeat.Event1040Threshold.Seconds(),
		Evidence: []EvidencePoint{}}
	for _, l := range likely {
		detail.Survival = append(detail.Survival, SurvivalPoint{l.Limit.Seconds(), l.Probability, l.Survival})
	}
	for _, s := range a.Networks.Sightings(n) {
		detail.Evidence = append(detail.Evidence, EvidencePoint{s.At.Seconds(), !s.Died, moment(s.When)})
	}
	sayJSON(w, detail)
}
