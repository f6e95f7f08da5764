package proxy

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// ending is what is known of a wait when it is over.
type ending struct {
	outcome heartbeat.Outcome
	held    time.Duration
	code    int    // HTTP status of the upstream's answer, 0: none came
	status  string // its status element as a label: "1".."16", "empty", "unread", "other", "none"
	gone    bool   // the phone is not there any more
}

// ending finds out how a wait ended at the server.
func (p *Proxy) ending(held *wait, answer *heldAnswer, err error, younger bool) ending {
	e := ending{held: p.lasted(held), status: "none"}
	seen := heartbeat.Ending{Asked: held.goes, Held: e.held, Sync: held.kind == kindSync, Younger: younger}
	switch {
	case answer != nil:
		e.code, seen.HTTP = answer.Status, answer.Status
		e.status = p.understand(held, answer, &seen)
	case errors.Is(err, upstream.ErrRequestBody):
		// A body that breaks off is all that net/http tells of a client that
		// left before it was there.
		e.gone = true
		seen.Cause = held.client.howItLeft()
	case errors.Is(err, errNeedsHTTP1{}):
		seen.HTTP = http.StatusMisdirectedRequest // our own refusal
	default:
		seen.Cause = heartbeat.UpstreamFailed
	}
	e.outcome = heartbeat.Classify(seen)
	return e
}

// broken is the ending of a wait whose phone has gone.
func (p *Proxy) broken(held *wait, how heartbeat.Cause) ending {
	e := ending{held: p.lasted(held), status: "none", gone: true}
	e.outcome = heartbeat.Classify(heartbeat.Ending{Cause: how})
	return e
}

// understand reads the answer to a wait into seen, returns its status as a label,
// and remembers what was asked if the server has taken it. What cannot be read
// leaves seen without a status, and is never taken for mail.
func (p *Proxy) understand(held *wait, answer *heldAnswer, seen *heartbeat.Ending) string {
	switch {
	case answer.Status != http.StatusOK:
		return "none"
	case !isSyncDocument(answer.Response):
		p.config.Metrics.unread(held.kind+"-answer", "document")
		return "unread"
	case held.kind == kindPing:
		return p.understandPing(held, answer, seen)
	case !answer.whole: // only a Sync that brings items is that long
		seen.Status, seen.Items = int(eas.SyncSuccess), true
		return "1"
	}
	return p.understandSync(held, answer, seen)
}

func (p *Proxy) understandPing(held *wait, answer *heldAnswer, seen *heartbeat.Ending) string {
	seen.Empty = len(answer.body) == 0
	body, err := watch.Unpacked(answer.body, answer.Get("Content-Encoding"))
	var said eas.PingResponse
	if err == nil {
		said, err = eas.ParsePingResponse(body)
	}
	if err != nil {
		p.config.Metrics.unreadable("ping-answer", err)
		return "unread"
	}
	if said.Status == eas.PingExpired || said.Status == eas.PingChanges {
		p.remember(held.ask, eas.SyncResponse{})
	}
	if said.Status == eas.PingChanges && held.tracked {
		p.memory.Told(held.device, said.Folders)
	}
	seen.Status = int(said.Status)
	return statusLabel(seen.Status, int(eas.PingServerError))
}

func (p *Proxy) understandSync(held *wait, answer *heldAnswer, seen *heartbeat.Ending) string {
	said, err := watch.ReadWhole(answer.body, answer.Get("Content-Encoding"))
	if err != nil {
		p.config.Metrics.unreadable("sync-answer", err)
		return "unread"
	}
	p.remember(held.ask, said)
	seen.Empty, seen.Status, seen.Items = said.Empty, int(said.Overall()), said.Changed()
	switch {
	case said.Empty:
		return "empty"
	case seen.Status == 0:
		p.config.Metrics.unread("sync-answer", "document")
		return "unread"
	}
	return statusLabel(seen.Status, int(eas.SyncRetry))
}

// statusLabel bounds the label: a status beyond the command's own table (the
// common ones above 100, or an invented one) is "other".
func statusLabel(status, last int) string {
	if status < 1 || status > last {
		return "other"
	}
	return strconv.Itoa(status)
}
