package proxy

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/diastole/diastole/heartbeat"
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

// ending finds out how a wait ended: from the answer, or from whoever broke it.
func (p *Proxy) ending(ctx context.Context, r *http.Request, held *wait, answer *heldAnswer) ending {
	e := ending{held: time.Since(held.began), status: "none"}
	seen := heartbeat.Ending{Asked: held.interval, Held: e.held}
	switch {
	case answer != nil:
		e.code = answer.Status
		seen.Cause = heartbeat.CauseAnswer
		seen.Answer, e.status = p.understand(held, answer)
	case isDraining(ctx):
		seen.Cause = heartbeat.CauseDrained
	case r.Context().Err() != nil:
		e.gone = true
		seen.Cause = clientOf(r).howItLeft()
	default:
		seen.Cause = heartbeat.CauseUpstream
	}
	e.outcome = heartbeat.Classify(seen)
	return e
}

// understand reads the answer to a wait, and remembers what was asked if the
// server has taken it. What cannot be read is never taken for mail.
func (p *Proxy) understand(held *wait, answer *heldAnswer) (heartbeat.Answer, string) {
	switch {
	case answer.Status >= 500:
		return heartbeat.AnswerUnreadable, "none"
	case answer.Status != http.StatusOK:
		return heartbeat.AnswerRefusal, "none"
	case !isSyncDocument(answer.Response):
		p.config.Metrics.unread(held.kind+"-answer", "document")
		return heartbeat.AnswerUnreadable, "unread"
	case held.kind == kindSync && !answer.whole:
		return heartbeat.AnswerChanges, "1" // only a Sync that brings items is that long
	}
	body, err := watch.Unpacked(answer.body, answer.Get("Content-Encoding"))
	if err == nil && held.kind == kindPing {
		return p.understandPing(held, body)
	}
	if err == nil {
		return p.understandSync(held, body)
	}
	p.config.Metrics.unreadable(held.kind+"-answer", err)
	return heartbeat.AnswerUnreadable, "unread"
}

func (p *Proxy) understandPing(held *wait, body []byte) (heartbeat.Answer, string) {
	said, err := eas.ParsePingResponse(body)
	if err != nil {
		p.config.Metrics.unreadable("ping-answer", err)
		return heartbeat.AnswerUnreadable, "unread"
	}
	label := statusLabel(int(said.Status), int(eas.PingServerError))
	switch said.Status {
	case eas.PingExpired:
		p.accepted(held.ask, eas.SyncResponse{})
		return heartbeat.AnswerNothing, label
	case eas.PingChanges:
		p.accepted(held.ask, eas.SyncResponse{})
		return heartbeat.AnswerChanges, label
	}
	return heartbeat.AnswerRefusal, label
}

func (p *Proxy) understandSync(held *wait, body []byte) (heartbeat.Answer, string) {
	said, err := eas.ParseSyncResponse(body)
	if err != nil {
		p.config.Metrics.unreadable("sync-answer", err)
		return heartbeat.AnswerUnreadable, "unread"
	}
	status := said.Overall()
	label := statusLabel(int(status), int(eas.SyncRetry))
	switch {
	case status != eas.SyncSuccess:
		return heartbeat.AnswerRefusal, label
	case said.Empty:
		label = "empty"
	}
	p.accepted(held.ask, said)
	if said.Changed() {
		return heartbeat.AnswerChanges, label
	}
	return heartbeat.AnswerNothing, label
}

// statusLabel bounds the label: a status beyond the command's own table (the
// common ones above 100, or an invented one) is "other".
func statusLabel(status, last int) string {
	if status < 1 || status > last {
		return "other"
	}
	return strconv.Itoa(status)
}
