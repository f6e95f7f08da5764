package admin

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

// DeviceDetail is the answer to GET /api/v1/devices/ID.
type DeviceDetail struct {
	Device
	Decision Decision   `json:"decision"` // what holds for it on its network now
	Advice   float64    `json:"advice_seconds"`
	Past     []PastWait `json:"past"` // waits that are kept, newest first
	// Before is for the query of the next page; "" when there are no more.
	Before string `json:"before"`
}

// PastWait is a wait that is kept, with all that was decided about it.
type PastWait struct {
	Wait
	Kind    string `json:"kind"` // ping or sync
	Network string `json:"network"`
	HTTP    int    `json:"http"`
	Rule    string `json:"rule"`
}

// Decision is what holds for a device that asks now.
type Decision struct {
	Rule   string  `json:"rule"`
	Mode   string  `json:"mode"`
	Learn  string  `json:"learn"`
	Max    float64 `json:"max_seconds"` // that the way survives as the operator knows it; 0 = not known
	Margin float64 `json:"margin_seconds"`
	Clamp  string  `json:"clamp"`
	Deny   bool    `json:"deny"`
	Kept   float64 `json:"kept_seconds"`  // what it gets at most; 0 = what it asks
	Would  float64 `json:"would_seconds"` // the same if all that is only observed were enforced
}

func decisionOf(d policy.Decision, advice time.Duration) Decision {
	return Decision{
		Rule: d.Rule, Mode: d.Mode.String(), Learn: d.Learn.String(), Max: d.Max.Seconds(), Margin: d.Margin.Seconds(),
		Clamp: d.Clamp.String(), Deny: d.Deny, Kept: atMost(d, advice), Would: atMost(d.Enforced(), advice),
	}
}

// deviceAsked finds the device of an id, or says what has become of it: a link to a
// device is kept and sent around.
func (a *api) deviceAsked(w http.ResponseWriter, id string) (k heartbeat.Key, s heartbeat.DeviceState, known bool) {
	number, ours := a.seal.open(id)
	if !ours {
		sayProblem(w, http.StatusNotFound, "this id was not given out here",
			"it is of another diastole, or of an earlier start of one that has no state.path to keep ids in: find the device by its user among all devices")
		return k, s, false
	}
	if k, s, known = a.Devices.ByID(number); !known {
		sayProblem(w, http.StatusNotFound, "the device of this id is no longer known",
			"it was forgotten, or has not asked for long; it is known again with its next wait, under the same id")
	}
	return k, s, known
}

func (a *api) device(w http.ResponseWriter, r *http.Request) {
	k, state, ok := a.deviceAsked(w, r.PathValue("id"))
	if !ok {
		return
	}
	query := r.URL.Query()
	limit, ok := whole(w, query, number1000)
	if !ok {
		return
	}
	before, ok := beforeAsked(w, query.Get("before"))
	if !ok {
		return
	}
	past, err := a.past(r.Context(), k, state, before, limit+1)
	if err != nil {
		sayProblem(w, http.StatusInternalServerError, err.Error(), "see the log of diastole")
		return
	}
	detail := DeviceDetail{Device: a.deviceOf(k, state)}
	if len(past) > limit {
		past = past[:limit]
		detail.Before = past[limit-1].Ended
	}
	// Without the request nobody knows its User-Agent: a rule for that is not seen here.
	advice := a.Networks.Advise(a.Now(), state.Network).Interval
	decided := a.Decide(policy.Asker{Network: state.Network.Name, DeviceType: k.Type, User: k.Principal, Device: k.Device})
	detail.Decision, detail.Advice, detail.Past = decisionOf(decided, advice), advice.Seconds(), past
	sayJSON(w, detail)
}

var number1000 = number{"limit", DefaultItems, 1, MaxItems}

// farFuture is before nothing.
var farFuture = time.UnixMilli(math.MaxInt64 / 2)

// beforeAsked reads where a page ends: the moment of a wait's end.
func beforeAsked(w http.ResponseWriter, text string) (before time.Time, ok bool) {
	if text == "" {
		return farFuture, true
	}
	before, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		sayWrong(w, "before must be a moment as RFC 3339 writes it, not "+strconv.Quote(text), "use what the page before says, or leave it out")
	}
	return before, err == nil
}

// past are waits of a device: those that are kept, or where nothing keeps any, those
// that are remembered with it.
func (a *api) past(ctx context.Context, k heartbeat.Key, state heartbeat.DeviceState, before time.Time, limit int) ([]PastWait, error) {
	if a.Waits != nil {
		found, err := a.Waits(ctx, k, before, limit)
		if found == nil {
			found = []PastWait{}
		}
		return found, err
	}
	found := []PastWait{}
	for _, e := range state.Last {
		if len(found) < limit && e.When.Before(before) {
			found = append(found, Past(e, state.Network, "", ""))
		}
	}
	return found, nil
}

// Past is a kept wait; kind and rule are "" where they are not known.
func Past(e heartbeat.Ended, n heartbeat.Network, kind, rule string) PastWait {
	w := PastWait{Wait: waitOf(e), Kind: kind, Network: n.Name, HTTP: int(n.HTTP), Rule: rule}
	// Pages end between two waits, and in one second a device may have several.
	w.Ended = e.When.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	return w
}
