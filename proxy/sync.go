package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml"
	"github.com/diastole/diastole/wbxml/eas"
)

// passSync relays a Sync that does not wait, reading along what the device has.
func (p *Proxy) passSync(w http.ResponseWriter, r *http.Request, request *upstream.Request, asked ask, policyKey string) {
	var up *going
	if request.Stream != nil {
		up = &going{from: request.Stream}
		request.Stream = up
	}
	var down *watch.Along
	began := time.Now()
	// Deferred, because a cut answer ends in a panic and down has a goroutine.
	defer func() {
		if up == nil || p.sent(&asked, up) {
			p.synced(asked, down)
		}
	}()
	p.doubt(&asked)
	p.relay(w, r, request, "Sync", func(answer *upstream.Response) {
		if asked.tracked {
			p.heed(asked.device, answer, policyKey, hold.Command{Credentials: asked.credentials, Since: began, Syncs: true})
		}
		if isSyncDocument(answer) {
			down = watch.ReadAlong(answer.Body, answer.Get("Content-Encoding"))
			answer.Body = down
		}
	})
}

// going is a Sync that was too large to be read before it went up.
type going struct {
	from  io.Reader
	to    eas.SyncRequestReader
	ended bool // it was read to its end
}

func (g *going) Read(p []byte) (int, error) {
	n, err := g.from.Read(p)
	_, _ = g.to.Write(p[:n])
	g.ended = g.ended || err == io.EOF
	return n, err
}

// sent fills in what a streamed Sync asked for. A body that the client broke off,
// or that the server did not want to the end, is counted elsewhere or not at all.
func (p *Proxy) sent(asked *ask, up *going) (read bool) {
	sync, err := up.to.Close()
	switch {
	case !up.ended:
		return false
	case err != nil:
		p.config.Metrics.unreadable(kindSync, err)
		return false
	}
	asked.form, asked.sync = "full", &sync
	return true
}

// isSyncDocument: a sign-in page with status 200 is none, and neither is what
// the server refused.
func isSyncDocument(answer *upstream.Response) bool {
	return answer.Status == http.StatusOK &&
		(answer.Length == 0 || strings.HasPrefix(strings.ToLower(answer.Get("Content-Type")), "application/vnd.ms-sync"))
}

// synced remembers a Sync whose answer was read along; down is nil where the
// answer was no document.
func (p *Proxy) synced(asked ask, down *watch.Along) {
	if down == nil {
		return
	}
	answer, err := down.Close()
	switch {
	case errors.Is(err, watch.ErrUnfinished):
		// The phone left, or the server cut it: the next Sync tells what became of it.
	case err != nil:
		p.config.Metrics.unreadable("sync-answer", err)
	default:
		p.remember(asked, answer)
	}
}

// reasonOf names what is wrong with a document, from a fixed list.
func reasonOf(err error) string {
	if e := new(wbxml.SyntaxError); errors.As(err, &e) {
		return e.Reason.String()
	}
	switch {
	case errors.Is(err, watch.ErrUnpacking):
		return "packing"
	case errors.Is(err, eas.ErrDocument):
		return "document"
	}
	return "other"
}
