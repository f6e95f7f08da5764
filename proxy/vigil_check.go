package proxy

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/check"
	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// byPing is Hold.Check where a short Ping is the exact question.
const byPing = "ping"

// shortestPing is what SOGo makes of every shorter one.
const shortestPing = 5 * time.Second

// inquiry is a question to the server in a device's name.
type inquiry struct {
	command eas.Command
	body    []byte
}

// inquire makes the question whether something has changed in folders; ok is false
// where it cannot be asked.
func (p *Proxy) inquire(a *ask, folders []check.Folder, looks bool) (q inquiry, ok bool) {
	switch {
	case len(folders) == 0:
		return q, false
	case p.settings.Load().Hold.Check == byPing:
		return inquiry{eas.CommandPing, check.Ping(max(shortestPing, p.shortest()), folders)}, true
	case looks:
		return inquiry{eas.CommandPing, check.Ping(max(time.Second, p.shortest()), folders)}, true
	}
	q.command = eas.CommandGetItemEstimate
	q.body, ok = check.Estimate(a.version, folders)
	return q, ok
}

// checkPatience is how long an answer may take. A mailbox on which the server hangs
// would otherwise keep its turn from all others for as long as its phone waits.
const checkPatience = time.Minute

// check asks the server, with the device's own head and credentials.
func (v *vigil) check(turn int) {
	if !v.goes(turn) {
		return
	}
	x, p := v.x, v.x.proxy
	looks := v.looks()
	asked, folders, err := v.request(looks)
	if err != nil {
		v.handOver("unknown")
		return
	}
	x.mu.Lock()
	if x.over || p.leaving.Load() {
		x.mu.Unlock()
		v.answered()
		return
	}
	if x.went.IsZero() {
		x.went = time.Now()
	}
	x.mu.Unlock()
	p.holds.Asked(time.Now(), x.first.holder(), x)
	began := time.Now()
	ctx, giveUp := context.WithCancel(&x.leash)
	patience := time.AfterFunc(max(checkPatience, 2*p.shortest()), giveUp)
	answer, err := p.client.Do(ctx, asked)
	patience.Stop()
	if err != nil {
		giveUp()
		if x.leash.Err() == nil {
			p.config.Metrics.checked(v.reason, "fault", began)
		}
		v.handOver("fault")
		return
	}
	if refusals[answer.Status] { // what is passed on may take its time
		p.config.Metrics.checked(v.reason, "refused", began)
		v.stop()
		x.arrived(answer, nil)
		return
	}
	verdict := v.read(answer, folders, looks)
	giveUp() // a wait may last for days, and all its questions hang on its leash
	p.config.Metrics.checked(v.reason, verdict.State.String(), began)
	v.judge(verdict)
}

// request is the question as it goes up. What the device has is looked up each time: it
// cannot have changed without ending the wait, and need not be kept twice.
func (v *vigil) request(looks bool) (*upstream.Request, []check.Folder, error) {
	x, p := v.x, v.x.proxy
	request, err := x.packed().Unpack()
	if err != nil {
		return nil, nil, err
	}
	folders := p.waitedOn(&x.first.ask)
	q, ok := p.inquire(&x.first.ask, folders, looks)
	path, query, _ := strings.Cut(request.Target, "?")
	query, named := eas.WithCommand(query, q.command)
	if !ok || !named {
		return nil, nil, errNotAskable
	}
	request.Target = path + "?" + query
	request.Chunked = false
	replaceBody(request, q.body)
	request.Repeatable = true                                             // it changes nothing
	if asker, err := eas.ParseQuery(query); err == nil && !asker.Base64 { // which has a field of its own for it
		p.showPolicy(request, x.first.device)
	}
	return request, folders, nil
}

// policyHeader is MS-ASHTTP 2.2.1.1.2.6.
const policyHeader = "X-Ms-Policykey"

// showPolicy adds the policy key that the device shows with its other commands: a Ping
// may come without one, and a question without one is answered 449 by Z-Push.
func (p *Proxy) showPolicy(request *upstream.Request, d watch.Device) {
	last, _ := p.memory.Last(d)
	name := wireName(policyHeader)
	if last.PolicyKey != "" && len(request.Header[name]) == 0 {
		request.Header[name] = []string{last.PolicyKey}
	}
}

// refusals are passed on as they are. Asked again with the same credentials, the
// server would count a second failure, and lock the account the sooner.
var refusals = map[int]bool{
	http.StatusUnauthorized: true, http.StatusForbidden: true,
	http.StatusUnavailableForLegalReasons: true, // 451 is the redirect of ActiveSync, MS-ASHTTP 3.1.5.2.2
	http.StatusServiceUnavailable:         true,
}

// judge does what the answer asks for: hold on, tell the device, or leave the wait to
// the server, whose words are then the device's.
func (v *vigil) judge(verdict check.Verdict) {
	x, p := v.x, v.x.proxy
	if verdict.State != check.Unclear {
		// The server has taken the credentials, and so knows who asks.
		if x.first.kind == kindPing && v.firstAnswer() {
			p.remember(x.first.ask, eas.SyncResponse{})
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
	default:
		v.missed()
		p.tell(x, verdict.Folders)
	}
}

// read reads the answer to a question.
func (v *vigil) read(answer *upstream.Response, folders []check.Folder, looks bool) check.Verdict {
	defer answer.Close()
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

// shortest is the shortest Ping that the server takes, 0 as long as it has not said.
func (p *Proxy) shortest() time.Duration { return time.Duration(p.shortestTaken.Load()) }

// learnShortest takes in a Status 5; false: it says nothing new.
func (p *Proxy) learnShortest(seconds int) bool {
	d := time.Duration(seconds) * time.Second
	if d <= p.shortest() || d > time.Hour {
		return false
	}
	p.shortestTaken.Store(int64(d))
	return true
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
		end := ending{outcome: heartbeat.Changed, held: time.Since(held.began), code: http.StatusOK, status: "2"}
		p.observe(held, end)
		switch {
		case i == newest:
			p.giveIn(held, end, p.holdBack(held, end), answer)
		case p.finish(held):
			held.seat.whole(answer, func() {})
		}
	}
}
