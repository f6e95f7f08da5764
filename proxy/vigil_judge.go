package proxy

import (
	"net/http"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/check"
	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// judge does what the answer asks for: hold on, tell the device, or leave the wait to
// the server, whose words are then the device's.
func (v *vigil) judge(verdict check.Verdict) {
	x, p := v.x, v.x.proxy
	if verdict.State != check.Unclear {
		// The server has taken the credentials, and so knows who asks.
		if v.firstAnswer() {
			p.heldHere(&x.first.ask)
		}
		p.acknowledge(x.first.device, hold.Command{Credentials: x.first.credentials, Since: x.first.began, Piece: true})
	}
	switch {
	case verdict.State == check.Unclear:
		v.handOver(verdict.Why)
	case verdict.State == check.Unchanged:
		if v.listen() { // what came before that may have been overheard
			v.onceMore()
		}
		v.answered()
	case x.first.kind == kindSync:
		v.missed()
		v.handOver("changed") // the device's own Sync brings it
	case p.memory.WasTold(x.first.device, verdict.Folders):
		// It was told and has not come for it: whether that answer was lost, or the
		// question is wrong, the server's own word is due (servers.md A5).
		v.handOver("told")
	case p.haste.inVain(x.first.device): // it came, and got nothing
		v.handOver("vain")
	default:
		v.missed()
		p.tell(x, verdict.Folders)
	}
}

// heldHere remembers what was asked, of which the server hears nothing.
func (p *Proxy) heldHere(a *ask) {
	if a.kind == kindSync {
		p.memory.OwnSync(a.device)
		return
	}
	p.remember(*a, eas.SyncResponse{})
	p.memory.OwnPing(a.device)
}

// read reads the answer to a question.
func (v *vigil) read(answer *upstream.Response, folders []check.Folder, looks bool) check.Verdict {
	defer answer.Close()
	v.x.proxy.told(v.x.first.attempt, answer)
	if !isSyncDocument(answer) {
		return check.Verdict{Why: "code"}
	}
	body, whole, err := readUpTo(answer.Body, wholeBody)
	if err != nil || !whole {
		return check.Verdict{Why: "document"}
	}
	body, err = watch.Unpacked(body, answer.Get("Content-Encoding"))
	if err != nil {
		return check.Verdict{Why: "document"}
	}
	if !looks {
		return check.ReadEstimate(body, folders)
	}
	verdict := check.ReadPing(body, folders)
	if said, err := eas.ParsePingResponse(body); err == nil && said.Status == eas.PingInterval && v.x.proxy.learnShortest(said.Interval) {
		v.hasLooked(time.Time{})
		v.onceMore() // with an interval that the server takes
		return check.Verdict{State: check.Unchanged}
	}
	v.hasLooked(time.Now())
	return verdict
}

// tell answers a Ping that some of its folders have news, in the words that its server
// would use (MS-ASCMD 2.2.3.177.11). Every phone that waits gets them.
func (p *Proxy) tell(x *exchange, folders []string) {
	waits := p.holds.End(x.first.holder(), x)
	x.done()
	if len(waits) == 0 {
		return
	}
	p.memory.Told(x.first.device, folders)
	answer := ownDocument((&eas.PingResponse{Status: eas.PingChanges, Folders: folders}).Append(nil))
	newest := len(waits) - 1
	for i, held := range waits {
		end := ending{outcome: heartbeat.Changed, held: p.lasted(held), code: http.StatusOK, status: "2"}
		p.observe(held, end)
		switch {
		case i == newest:
			p.giveIn(held, end, p.holdBack(held, end), answer)
		case p.finish(held):
			held.seat.whole(answer, func() {})
		}
	}
}
