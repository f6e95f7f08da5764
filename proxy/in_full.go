package proxy

import (
	"net/http"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/check"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/wbxml/eas"
)

// Where waits are held here, the server's memory of a device's last Ping or Sync is
// not the device's own. What a request leaves out is then written out in full before
// it goes up, and where that cannot be done the device is asked to.

var (
	pingInFull = eas.PingResponse{Status: eas.PingMissingParameters}.Append(nil)
	syncInFull = (&eas.SyncResponse{Status: eas.SyncIncomplete}).Append(nil)
)

// writeOut makes a full Ping of one that leaves something out, and returns its body.
func (p *Proxy) writeOut(request *upstream.Request, a *ask, body []byte) []byte {
	if a.kind != kindPing || !p.ownsPing(a) || a.interval <= 0 || len(a.named) == 0 {
		return body
	}
	full := check.Ping(a.interval, p.waitedOn(a))
	replaceBody(request, full)
	return full
}

// ownsPing tells whether a Ping leaves out what the server does not know.
func (p *Proxy) ownsPing(a *ask) bool {
	switch a.form {
	case "empty", "interval-only", "folders-only":
		last, _ := p.memory.Last(a.device)
		return a.tracked && (last.PingOurs || p.settings.Load().Hold.Edge)
	}
	return false
}

// inFull is the answer that makes the device ask in full (MS-ASCMD 2.2.3.177.11 Status 3,
// 2.2.3.177.17 Status 13), nil where it need not. A stranger is left to the server.
func (p *Proxy) inFull(a *ask) (answer []byte, status string) {
	switch {
	case !a.met:
	case a.kind == kindPing:
		if p.ownsPing(a) && (a.interval <= 0 || len(a.named) == 0) {
			return pingInFull, "3"
		}
	case a.form == "empty", a.form == "partial":
		if last, _ := p.memory.Last(a.device); last.SyncOurs {
			return syncInFull, "13"
		}
	}
	return nil, ""
}

// answerHere answers a wait that goes nowhere.
func (p *Proxy) answerHere(w http.ResponseWriter, r *http.Request, held *wait, answer []byte, status string) {
	p.begin(w, r, held)
	p.observe(held, ending{outcome: heartbeat.Refused, code: http.StatusOK, status: status})
	ownDocument(answer).writeTo(w)
}
