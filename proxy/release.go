package proxy

import (
	"net/http"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/wbxml/eas"
)

// reason is why we end a wait ourselves.
type reason uint8

const (
	byLimit   reason = iota // its interval is over
	byYounger               // a younger wait of the device has come
	byDrain                 // we are leaving
)

// refusalTakes is how long a server may take to refuse a password: Z-Push 3 s, and
// more when it is busy.
const refusalTakes = 10 * time.Second

// release answers a wait "nothing new": the device asks again, and loses nothing
// (MS-ASCMD 3.1.5.8: what it is told is compared to its last Sync).
func (p *Proxy) release(held *wait, why reason) {
	if !p.finish(held) {
		return
	}
	asked := p.detach(held, false)
	end := ending{held: p.lasted(held), status: "none"}
	switch why {
	case byDrain:
		end.outcome = heartbeat.Drained
	case byYounger:
		end.outcome = heartbeat.Early
		held.client.displaced.Store(true)
	default:
		end.outcome = heartbeat.Expired
	}
	p.observe(held, end)
	answer := held.nothingNew()
	if why == byDrain {
		answer = held.goodbye()
	}
	if !held.met && (asked == 0 || why == byLimit && asked < refusalTakes) {
		// Whether its credentials are good for an answer nobody but the server may say.
		answer = later503()
		answer.closing = why == byDrain
	}
	if why == byYounger {
		// Perhaps the phone has given this connection up: that an answer is lost on it
		// says nothing of the network.
		held.seat.whole(answer, func() {})
		return
	}
	p.whole(held, end, answer)
}

// goodbye is "nothing new", and that the next request belongs elsewhere.
func (a *ask) goodbye() complete {
	answer := a.nothingNew()
	answer.closing = true
	return answer
}

// whole gives a wait its answer, and finds out whether it arrives.
func (p *Proxy) whole(held *wait, end ending, answer complete) {
	held.seat.whole(answer, p.watchDelivery(held, end))
}

// refuseDraining answers a wait that comes on a kept connection while we leave.
func (p *Proxy) refuseDraining(w http.ResponseWriter) {
	answer := later503()
	answer.closing = true
	answer.fields[0].Value = "1"
	answer.writeTo(w)
}

// refuseInterval tells the device the limit: Status 5 to a Ping, 14 to a Sync in the
// unit that it asked in (MS-ASCMD 2.2.3.88.1, 2.2.3.97). The request goes nowhere.
func (p *Proxy) refuseInterval(w http.ResponseWriter, r *http.Request, held *wait) {
	answer, status := eas.RefusedPing(held.goes), "5"
	if held.kind == kindSync {
		answer, status = refusedSync(held.ask, held.goes), "14"
	}
	p.config.Metrics.clamped.WithLabelValues(held.kind, held.Rule, "refuse").Inc()
	p.answerHere(w, r, held, answer, status)
}
