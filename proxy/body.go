package proxy

import (
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"strings"

	"github.com/diastole/diastole/proxy/upstream"
)

// wholeBody is the size up to which a request body with a length is read before
// it goes up, so that it can go up again where the connection was stale. A
// larger one streams, on a fresh connection.
const wholeBody = 64 << 10

// request prepares r for the upstream: target, framing and body as they came.
func (p *Proxy) request(w http.ResponseWriter, r *http.Request) (*upstream.Request, error) {
	out := &upstream.Request{
		Method:     r.Method,
		Target:     p.target(r),
		Host:       p.host(r),
		Header:     p.requestHeader(r),
		Repeatable: isSafe(r.Method),
	}
	if r.ProtoAtLeast(1, 1) {
		out.Interim = interim(w) // an HTTP/1.0 client would take it for the answer, RFC 9110 15.2
	}
	if name := upgradeOf(r); name != "" {
		out.Header["Connection"], out.Header["Upgrade"] = []string{"Upgrade"}, []string{name}
	}
	// net/http ends a connection whose Expect was never granted, and NTLM's
	// challenge would die with it: there the body is taken at once.
	expects := r.ProtoAtLeast(1, 1) && strings.EqualFold(r.Header.Get("Expect"), "100-continue") &&
		clientOf(r).pin == nil && !authenticatesConnection(r)
	switch {
	case r.ContentLength == 0:
		return out, nil
	case r.ContentLength > 0 && r.ContentLength <= wholeBody && !expects:
		in := incoming{from: r.Body, request: r, control: http.NewResponseController(w), pause: shortPause}
		var err error
		// Not into a buffer of that length: it is only claimed, and costs a stranger nothing.
		out.Bytes, _, err = readUpTo(&in, wholeBody)
		return out, err
	}
	in := p.stream(out, w, r, r.Body)
	if expects {
		in.heldBack, out.AwaitContinue = true, true
		out.Interim = in.afterContinue(out.Interim)
	}
	return out, nil
}

// stream makes body go up while it comes in, with the answer coming down at the
// same time if the server so likes (RPC over HTTP, MS-RPCH 2.1.2.1).
func (p *Proxy) stream(out *upstream.Request, w http.ResponseWriter, r *http.Request, body io.Reader) *incoming {
	control := http.NewResponseController(w)
	// Without it net/http reads the rest of the body before it lets the answer
	// begin. HTTP/2 is always full duplex and says ErrNotSupported.
	_ = control.EnableFullDuplex()
	in := &incoming{from: body, request: r, control: control, pause: streamPause}
	out.Stream, out.Interrupt = in, in.interrupt
	out.Chunked = r.ContentLength < 0
	out.Trailer = r.Trailer
	if r.ProtoMajor == 1 { // an HTTP/2 connection outlives its streams
		clientOf(r).body = in
	}
	return in
}

// isSafe: RFC 9110 9.2.1. Such a request may reach the server twice.
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// interim passes a 1xx on (103 Early Hints, 102 Processing).
func interim(w http.ResponseWriter) func(int, []upstream.Field) {
	return func(status int, fields []upstream.Field) {
		h := w.Header()
		for _, f := range fields {
			if !hopByHop[textproto.CanonicalMIMEHeaderKey(f.Name)] {
				h[f.Name] = append(h[f.Name], f.Value)
			}
		}
		w.WriteHeader(status)
		clear(h) // net/http would repeat them in the final answer
	}
}

// refuseBody answers a request whose body could not be read: broken chunks, a
// client that left, or one that was too slow. The upstream has not heard of it and is not to blame.
func (p *Proxy) refuseBody(w http.ResponseWriter, err error) {
	p.config.Metrics.badBodies.Inc()
	w.Header().Set("Connection", "close")
	if errors.Is(err, os.ErrDeadlineExceeded) {
		http.Error(w, "request body too slow", http.StatusRequestTimeout)
		return
	}
	http.Error(w, "malformed request body", http.StatusBadRequest)
}
