// Package edge holds the listener that phones reach: TCP, PROXY protocol, TLS
// and the HTTP server above them.
//
// It decides how a connection is treated before anybody asks who is calling.
// The rules come from what a waiting phone needs (design.md section 1):
//
//   - Silent hold: while a handler waits, no segment goes to the phone. TCP
//     keep-alive is off, HTTP/2 PINGs are off, Multipath TCP is off.
//   - A wait may last for 59 minutes, so no time limit covers a whole request
//     or answer. Limited are the PROXY header, the TLS handshake, the header
//     block, the pause between two requests, and each single write.
//   - Bounded: connections, header bytes, HTTP/2 streams. See limits.go for
//     each limit and for what happens there.
//
// The way of a connection: accept -> PROXY header where the peer is listed ->
// TLS handshake -> http.Server. The first three run in a goroutine of their
// own, so that a slow or hostile peer delays nobody, and http.Server only sees
// connections that speak TLS.
//
// The package does not look at requests beyond their framing, does not know
// ActiveSync, does not limit request bodies or the length of an answer, and
// does not drain held waits: that is the proxy's work, before Shutdown.
package edge
