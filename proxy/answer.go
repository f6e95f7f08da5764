package proxy

import (
	"context"
	"errors"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/proxy/upstream"
)

// restTime bounds how long the rest of a body goes up whose answer has come down.
// Direct, the server alone would decide.
const restTime = 5 * time.Minute

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// answer passes the server's answer on as it comes: each piece is flushed when
// it has come (EWS streaming, MAPI's PENDING meta-tags), framing and spelling
// stay.
func (p *Proxy) answer(w http.ResponseWriter, r *http.Request, answer *upstream.Response) {
	if r.ProtoMajor == 1 && answer.BreaksOff() {
		w.Header().Set("Connection", "close") // or the client would send the rest, and its next request, in vain
	}
	p.answerHead(w, answer)
	control := http.NewResponseController(w)
	streams := answer.Length < 0
	if streams || !answer.Ready() {
		// A stream's head must go first, or net/http gives a short body a
		// Content-Length of its own; and a client may wait for the head before it
		// goes on sending (RPC over HTTP).
		_ = control.Flush()
	}
	buffer := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buffer)
	for left := answer.Length; ; {
		n, err := answer.Body.Read(*buffer)
		left -= int64(n)
		if n > 0 {
			if _, werr := w.Write((*buffer)[:n]); werr != nil {
				return // the client left; Close ends the upstream's side
			}
			if streams || left > 0 {
				_ = control.Flush()
			}
		}
		if err != nil {
			p.answerEnd(w, answer, err)
			break
		}
	}
	if r.ProtoMajor == 1 && answer.Sending() { // HTTP/2 can end a stream before its body
		_ = control.Flush()
		answer.SendRest(restTime)
	}
}

// answerHead copies the head. Entries with a nil value keep net/http from adding
// what the server did not say: a sniffed Content-Type, a Date.
func (p *Proxy) answerHead(w http.ResponseWriter, answer *upstream.Response) {
	h := w.Header()
	h["Content-Type"], h["Date"] = nil, nil
	for _, f := range p.fields(answer) {
		h[f.Name] = append(h[f.Name], f.Value)
	}
	w.WriteHeader(answer.Status)
}

// fields are those of the answer that go on to the client.
func (p *Proxy) fields(answer *upstream.Response) []upstream.Field {
	passed := make([]upstream.Field, 0, len(answer.Header))
	dropped := connectionFields(answer)
	length := false
	for _, f := range answer.Header {
		canonical := textproto.CanonicalMIMEHeaderKey(f.Name)
		switch {
		case canonical == "Trailer":
			// net/http removes the trailer fields from the head by it.
		case hopByHop[canonical], dropped[canonical]:
			continue
		case canonical == "Content-Length":
			if answer.Chunked || length {
				continue // RFC 9112 6.3: the chunks count
			}
			// net/http must see it, and once, or it frames the body anew.
			f.Name, length = canonical, true
		case canonical == "X-Ms-Location":
			f.Value = p.location(f.Value)
		}
		passed = append(passed, f)
	}
	return passed
}

func connectionFields(answer *upstream.Response) map[string]bool {
	var dropped map[string]bool
	for _, f := range answer.Header {
		if strings.EqualFold(f.Name, "Connection") {
			for _, name := range connectionOptions([]string{f.Value}) {
				if dropped == nil {
					dropped = map[string]bool{}
				}
				dropped[textproto.CanonicalMIMEHeaderKey(name)] = true
			}
		}
	}
	return dropped
}

// answerEnd writes the trailers, or cuts the client's connection where the
// server's answer was cut: ending it orderly would make a part look like the
// whole.
func (p *Proxy) answerEnd(w http.ResponseWriter, answer *upstream.Response, err error) {
	if errors.Is(err, context.Canceled) { // the client left; the server is not to blame
		panic(http.ErrAbortHandler)
	}
	if !isEOF(err) {
		p.config.Metrics.upstreamErrors.WithLabelValues(upstream.Body.String()).Inc()
		p.config.Log.Info("upstream cut its answer", zap.Error(err))
		answer.Close()
		panic(http.ErrAbortHandler)
	}
	for _, f := range answer.Trailer {
		name := f.Name
		if !mayTrail(name) {
			continue
		}
		if declared := w.Header().Values("Trailer"); !hasToken(declared, name) {
			name = http.TrailerPrefix + name
		} else {
			name = textproto.CanonicalMIMEHeaderKey(name)
		}
		w.Header()[name] = append(w.Header()[name], f.Value)
	}
}
