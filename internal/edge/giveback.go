package edge

import (
	"bytes"
	"slices"
	"time"
)

// GiveBack returns a connection that a handler has taken over with Hijack to its
// http.Server, as if it had just been accepted: ConnContext and ConnState see it
// as new, its remote address and TLS state are what they were, and the first
// request has to have its header within the limit (30 s) from now on.
//
// The server reads ahead first, then the connection. ahead is what was read from
// this connection before (the rest in Hijack's bufio.Reader), or ours, such as a
// request for the handler to answer, or both in the order in which they are to be
// read. It was framed when it was read and is not checked again; what follows is,
// from where the framing stood. So all of it has to come back, and the request
// that was taken over must have been read to its end: of a body that is left the
// server would make a request, unchecked. ahead must not be changed afterwards.
//
// It never blocks. After Shutdown or Close has begun, the connection is closed
// instead. It works once for each Hijack, and nobody may use the connection
// after it.
func (g *guard) GiveBack(ahead []byte) {
	if !g.open {
		return // two servers reading one connection would mix up its answers
	}
	g.open, g.fresh = false, true
	if len(g.again) > 0 { // what http.Server left of the last one comes after this one
		ahead = slices.Concat(ahead, g.again)
	}
	g.again = ahead
	_ = g.SetWriteDeadline(time.Time{}) // fails when it is closed, and so will the reading
	if !g.server.returned.put(g) {
		g.leave()
	}
}

// ReadAhead reports whether the client has sent more that is out of the socket
// already, so that the socket gives no sign of it: whoever waits for its next
// bytes there would wait for ever. It does not know of the rest in Hijack's
// bufio.Reader. What crypto/tls has decrypted is known by its first byte, which
// the watch of net/http has read until Hijack ended it (see watch); with half a
// request in the bufio.Reader there is no watch, and that rest says the same.
func (g *guard) ReadAhead() bool { return g.early || len(g.again) > 0 }

// leave closes without being waited for: TLS says goodbye, which takes up to
// 5 s with a client that does not read.
func (g *guard) leave() {
	go func() { _ = g.Close() }()
}

// reread gives what came with GiveBack.
func (g *guard) reread(p []byte) int {
	n := copy(p, g.again)
	if g.again = g.again[n:]; len(g.again) == 0 {
		g.again = nil // not kept through a wait
	}
	return n
}

// begin takes the empty lines off that stand before a request (RFC 9112 2.2) and
// returns how much of p is left. net/http does that only behind a POST which it
// has read itself, and answers 400 to the line end that old clients send after a
// POST's body, if we have answered that POST.
func (g *guard) begin(p []byte) int {
	request := bytes.TrimLeft(p, "\r\n")
	g.fresh = len(request) == 0
	return copy(p, request)
}
