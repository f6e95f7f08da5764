package edge

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// challenges is the port on which an authority asks for its answer in HTTP-01
// (RFC 8555 8.3). It stays open between two renewals, so that a port that was taken
// by somebody else shows at start and not sixty days later. People who come by with
// http:// are sent to https://.
type challenges struct {
	*http.Server
	listener net.Listener
	issues   atomic.Pointer[issuing]
}

// challengesAtOnce bounds the connections: an authority needs a few, and strangers who
// keep some open for as long as they may (10 s) must not keep it out.
const challengesAtOnce = 256

func listenForChallenges(ctx context.Context, address string, sockets *Sockets, log *zap.Logger) (*challenges, error) {
	listener, err := sockets.Take(SocketHTTP, address)
	if err == nil && listener == nil {
		var config net.ListenConfig
		listener, err = config.Listen(ctx, "tcp", address)
	}
	if err != nil {
		return nil, fmt.Errorf("tls.acme.http: %w; or write off there, and certificates are proved on the port for phones", bindError(err))
	}
	c := &challenges{listener: listener}
	c.Server = &http.Server{
		Handler: c, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		MaxHeaderBytes: 8 << 10, ErrorLog: messages{log, NewMetrics(nil)}.logger(),
	}
	c.SetKeepAlivesEnabled(false)
	log.Info("listening for the certificate authority", zap.Stringer("address", listener.Addr()))
	go func() { _ = c.Serve(bounded{listener, make(chan struct{}, challengesAtOnce)}) }()
	return c, nil
}

// ServeHTTP answers an authority, sends people on, and turns all else away: what a
// client has sent here with a password was sent in clear, and must not seem to work.
func (c *challenges) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	host = strings.ToLower(host)
	issuing := c.issues.Load()
	// "GET a:.evil.test/" is no path (RFC 9112 3.2), and behind our name it would be another one.
	if !issuing.has(host) || r.URL.Opaque != "" { // before anything else: an answer elsewhere would be looked for on the shelf
		http.Error(w, "Not found.", http.StatusNotFound)
		return
	}
	switch {
	case certmagic.LooksLikeHTTPChallenge(r):
		if !issuing.issuer.HandleHTTPChallenge(w, r) {
			http.Error(w, "No such challenge.", http.StatusNotFound)
		}
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusMovedPermanently)
	default:
		http.Error(w, "Use https://.", http.StatusForbidden)
	}
}

// bounded accepts no more connections at once than its channel has places.
type bounded struct {
	net.Listener
	places chan struct{}
}

func (b bounded) Accept() (net.Conn, error) {
	b.places <- struct{}{}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.places
		return nil, err
	}
	return &place{Conn: c, places: b.places}, nil
}

type place struct {
	net.Conn
	places chan struct{}
	gone   atomic.Bool
}

// Close is net.Conn's, and gives the place back once.
func (p *place) Close() error {
	if p.gone.CompareAndSwap(false, true) {
		defer func() { <-p.places }()
	}
	return p.Conn.Close()
}
