package lab

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"time"
)

// instead runs the kinds of fault that come before the work, and says whether the request is dealt with.
func (s *Server) instead(w http.ResponseWriter, r *http.Request, f *Fault) (done bool) {
	if f == nil {
		return false
	}
	switch f.Kind {
	case FaultSlow, FaultHTTP, FaultCutBefore, FaultReset:
		s.pause(r, f.After)
	}
	switch f.Kind {
	case FaultHTTP:
		s.send(w, &answer{code: f.Code, header: f.Header, body: []byte(f.Body)})
	case FaultReset:
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			reset(c)
		}
	case FaultMute: // a worker pool that is full: it accepts and says nothing (SOGo, php-fpm)
		s.pause(r, math.MaxInt64)
		panic(http.ErrAbortHandler)
	case FaultCutBefore:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// pause waits for d. It gives the request up when the client leaves or the server stops.
func (s *Server) pause(r *http.Request, d time.Duration) {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
		return
	case <-r.Context().Done():
	case <-s.life.done:
	}
	panic(http.ErrAbortHandler)
}

// mangles says whether the fault spoils the real answer on the wire.
func (f *Fault) mangles() bool {
	return f != nil && slices.Contains([]FaultKind{
		FaultLost, FaultCutHead, FaultCutChunk, FaultDribble, FaultGarbage, FaultCloseAfter}, f.Kind)
}

// mangle writes a real answer in a wrong way, by hand on the connection.
func (s *Server) mangle(w http.ResponseWriter, a *answer, f *Fault) {
	if f.Kind == FaultLost { // the state has moved on, the device does not know (SOGo #3058)
		panic(http.ErrAbortHandler)
	}
	body, _ := io.ReadAll(a.reader())
	if f.Kind == FaultGarbage {
		body = append(body, "\x03\x01\x6a\x00garbage\xff"...)
	}
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer c.Close()
	switch f.Kind {
	case FaultCutHead:
		c.Write(head(a, fmt.Sprintf("Content-Length: %d", len(body))))
	case FaultCutChunk:
		// The size line promises the whole body; half of it comes, and no CRLF.
		fmt.Fprintf(c, "%s%x\r\n%s", head(a, "Transfer-Encoding: chunked"), max(len(body), 2), body[:len(body)/2])
	case FaultDribble:
		dribble(c, append(head(a, fmt.Sprintf("Content-Length: %d", len(body))), body...))
	default: // FaultGarbage, FaultCloseAfter: whole, and the end comes without a word
		c.Write(append(head(a, fmt.Sprintf("Content-Length: %d", len(body))), body...))
	}
}

// head is the answer's head as bytes, with one line more.
func head(a *answer, framing string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.code, http.StatusText(a.code))
	serverHeader.Write(&b)
	a.header.Write(&b)
	fmt.Fprintf(&b, "%s\r\n\r\n", framing)
	return b.Bytes()
}

// dribble writes byte by byte. Go sets TCP_NODELAY, so each byte leaves in its own segment.
func dribble(c net.Conn, p []byte) {
	for i := range p {
		if _, err := c.Write(p[i : i+1]); err != nil {
			return
		}
	}
}
