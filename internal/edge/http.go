package edge

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
)

// newHTTPServer makes the server that gets the connections past their
// handshake. Requests live under base.
func newHTTPServer(cfg Config, base context.Context) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // also without ALPN
	protocols.SetHTTP2(slices.Contains(cfg.ALPN, "h2"))
	return &http.Server{
		Handler:           admission{streams{cfg.Handler, cfg.limits.write, cfg.Metrics.slowReaders.Inc}},
		TLSConfig:         &tls.Config{NextProtos: cfg.ALPN}, // only read, to know whether HTTP/2 is wanted
		Protocols:         protocols,
		ReadHeaderTimeout: cfg.limits.header,
		IdleTimeout:       cfg.limits.idle,
		MaxHeaderBytes:    cfg.limits.headerBytes,
		// ReadTimeout and WriteTimeout stay zero: they would cut a wait of 59
		// minutes and a slow upload (faults.md 14). See socket.Write instead.
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: int(cfg.limits.streams),
			SendPingTimeout:      0, // no PING: it wakes the radio as a keep-alive does
			WriteByteTimeout:     cfg.limits.write,
		},
		// "OPTIONS *" is the upstream's to answer, like every request.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     messages{cfg.Log, cfg.Metrics}.logger(),
		BaseContext:                  func(net.Listener) context.Context { return base },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if cfg.ConnContext != nil {
				ctx = cfg.ConnContext(ctx, c)
			}
			return withSocket(mark(ctx, c), c)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			letGo(c, state)
			if cfg.ConnState != nil {
				cfg.ConnState(c, state)
			}
		},
	}
}
