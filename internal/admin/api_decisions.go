package admin

import (
	"net/http"
)

// DecisionsPage is the answer to GET /api/v1/decisions: which rules decided, how
// often, and lately for whom, newest first. limit and offset choose the part of the
// recent ones, rule those that one rule made, q what is in user, device or type.
type DecisionsPage struct {
	Page
	Since  string    `json:"since"` // RFC 3339: the start of this process
	Rules  []RuleUse `json:"rules"`
	Recent []Decided `json:"recent"`
}

// RuleUse is how often a rule decided.
type RuleUse struct {
	Rule    string `json:"rule"`
	Waits   int    `json:"waits"`   // that it decided
	Lowered int    `json:"lowered"` // of these: given less than they asked
	Would   int    `json:"would"`   // of these: would be given less if all that is only observed were enforced
	Denied  int    `json:"denied"`  // requests that it refused
	Last    string `json:"last"`    // when it decided last, RFC 3339
}

// Decided is one decision.
type Decided struct {
	When    string  `json:"when"` // RFC 3339
	What    string  `json:"what"` // given (as asked), lowered, observed (would be lowered), denied
	ID      string  `json:"id"`   // of the device
	User    string  `json:"user"`
	Device  string  `json:"device"`
	Type    string  `json:"device_type"`
	Kind    string  `json:"kind"` // ping or sync; "" of what was denied
	Network string  `json:"network"`
	HTTP    int     `json:"http"`
	Rule    string  `json:"rule"`
	Asked   float64 `json:"asked_seconds"` // 0 = not known
	Given   float64 `json:"given_seconds"`
	Would   float64 `json:"would_seconds"`
	Advice  float64 `json:"advice_seconds"` // that was learned; 0 = nothing to say
}

func (a *api) decisions(w http.ResponseWriter, r *http.Request) {
	asked, ok := pageAsked(w, r)
	if !ok {
		return
	}
	rule := asked.query.Get("rule")
	rules, recent := a.Tally.decisions()
	page := shown[Event]{request: &asked}
	for _, e := range recent {
		if (rule == "" || e.Rule == rule) && a.searched(&asked, e.Key) {
			page.add(e, nil) // there is one order only
		}
	}
	answer := DecisionsPage{Since: moment(a.Tally.began), Rules: rules, Recent: []Decided{}}
	for _, e := range page.page() {
		answer.Recent = append(answer.Recent, a.decided(e))
	}
	answer.Page = asked.Page
	sayJSON(w, answer)
}

func (a *api) decided(e Event) Decided {
	return Decided{
		When: moment(e.When), What: e.decision(), ID: a.seal.id(e.id), User: a.User(e.Key.Principal), Device: e.Key.Device, Type: e.Key.Type,
		Kind: e.Kind, Network: e.Network.Name, HTTP: int(e.Network.HTTP), Rule: e.Rule,
		Asked: e.Asked.Seconds(), Given: e.Given.Seconds(), Would: e.Would.Seconds(), Advice: e.Advice.Seconds(),
	}
}
