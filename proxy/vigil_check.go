package proxy

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/diastole/diastole/proxy/check"
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
	if err != nil {
		patience.Stop()
		giveUp()
		if x.leash.Err() == nil {
			p.config.Metrics.checked(v.reason, "fault", began)
		}
		v.handOver("fault")
		return
	}
	if refuses(answer.Status) {
		patience.Stop() // what is passed on may take its time
		p.config.Metrics.checked(v.reason, "refused", began)
		v.stop()
		x.arrived(answer, nil)
		return
	}
	verdict := v.read(answer, folders, looks)
	patience.Stop()
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

// refuses: such an answer is passed on as it is. Asked again with the same credentials,
// the server would count a second failure, and lock the account the sooner. 451 is the
// redirect of ActiveSync (MS-ASHTTP 3.1.5.2.2).
func refuses(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusUnavailableForLegalReasons,
		http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return status/100 == 3
}
