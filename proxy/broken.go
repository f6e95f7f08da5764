package proxy

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/wbxml/eas"
)

// brokeOff reports whether the server had a Ping in hand and broke it off. A
// server that was never reached is another matter: it has accepted nobody's
// credentials.
func brokeOff(r *http.Request, held *wait, err error) bool {
	e := new(upstream.Error)
	return held.kind == kindPing && r.Context().Err() == nil &&
		errors.As(err, &e) && e.Phase >= upstream.Await &&
		!errors.Is(err, upstream.ErrRequestBody) && !errors.Is(err, upstream.ErrPinLost)
}

// answerBrokenOff says Status 1, "ask again" (MS-ASCMD 2.2.3.177.11): several
// 500s make iOS throw a mailbox away, and a cut connection makes Android believe
// in a short-lived NAT. It says so a little later: devices ask again at once, and
// all of them would ask the dying server in a circle.
func (p *Proxy) answerBrokenOff(ctx context.Context, w http.ResponseWriter, held *wait, err error) {
	p.blameUpstream(held.kind, err)
	t := time.NewTimer(held.jitter(10 * time.Second))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		if !isDraining(ctx) {
			panic(http.ErrAbortHandler) // the phone has gone
		}
		w.Header().Set("Connection", "close")
	}
	writeStatus1(w)
}

// jitter is a random time below limit that ends before the device gives up.
func (w *wait) jitter(limit time.Duration) time.Duration {
	if w.interval > 0 {
		limit = min(limit, w.interval-time.Since(w.began)-time.Second)
	}
	if limit <= 0 {
		return 0
	}
	return rand.N(limit)
}

var status1 = eas.PingResponse{Status: eas.PingExpired}.Append(nil)

// writeStatus1 says "heartbeat expired, nothing new". The length is explicit:
// older devices take a chunked answer for an empty one.
func writeStatus1(w http.ResponseWriter) { writeDocument(w, status1) }

// writeDocument writes a short answer of our own.
func writeDocument(w http.ResponseWriter, document []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/vnd.ms-sync.wbxml")
	h.Set("Content-Length", strconv.Itoa(len(document)))
	_, _ = w.Write(document)
}
