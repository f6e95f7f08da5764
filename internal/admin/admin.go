// Package admin is the second listener, for the people and machines that run
// diastole: health for orchestrators, metrics for Prometheus, a JSON API of what was
// learned and what happens (openapi.yaml describes it), profiles for whoever looks for
// a fault. See [Listen].
//
// It is a listener of its own because none of this may ever be reachable on the
// port that phones use. Nothing here changes what the proxy does; the one thing that
// is not reading is to forget a user.
// It speaks plain HTTP unless it is given a certificate; off loopback it needs one, or
// belongs behind something that has one, since the bearer token travels in clear otherwise.
package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Config is what the listener shows and to whom.
type Config struct {
	Listen   string              // HOST:PORT; port 0 is any free one
	Listener net.Listener        // instead of binding Listen; nil: it is bound
	Gatherer prometheus.Gatherer // what /metrics shows
	// Ready returns why this process should get no new phones, or nil. /readyz
	// shows the error's text. nil is always ready.
	Ready func(context.Context) error
	Pprof bool   // serve /debug/pprof/
	Token string // bearer token for every path; "" = none is asked for
	// TLS has the certificate; nil is plain HTTP. Who shows a certificate of its
	// ClientCAs needs no token, and where these are set nobody is served with neither.
	TLS *tls.Config
	// Hosts are names under which a listener on loopback may be asked for, beside those
	// of loopback itself.
	Hosts []string
	// Learned is what the JSON API under /api/v1/ shows; nil is no API.
	Learned *Learned
	Log     *zap.Logger
}

// Limits for peers that send slowly or never end. The one body that is taken has
// its own, longestName.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// writeTimeout leaves room for the longest profile that pprof takes by default, 30 s, several times over.
	writeTimeout = 3 * time.Minute
	headerBytes  = 16 << 10
)

// Server is a bound listener.
type Server struct {
	listener net.Listener
	http     *http.Server
	closed   func() // ends the answers that have no end
}

// Listen binds the address. Nothing is answered before [Server.Serve].
func Listen(c Config) (*Server, error) {
	listener := c.Listener
	if listener == nil {
		var err error
		if listener, err = net.Listen("tcp", c.Listen); err != nil {
			return nil, fmt.Errorf("admin listener: %w", err)
		}
	}
	s, err := on(listener, c)
	if err != nil {
		listener.Close()
	}
	return s, err
}

// on is a server for what comes in by a listener.
func on(listener net.Listener, c Config) (*Server, error) {
	faults, err := zap.NewStdLogAt(c.Log, zap.DebugLevel)
	if err != nil {
		return nil, fmt.Errorf("admin log: %w", err)
	}
	// The configuration asks for a token by the address that it names; a socket that was
	// handed over may be bound to another one, and a name may mean any.
	if c.Token == "" && !onLoopback(listener.Addr()) {
		return nil, fmt.Errorf("admin listener: other machines can reach %s, and there is no token: set admin.token_file, or bind it to 127.0.0.1", listener.Addr())
	}
	all, closed := handler(c, listener.Addr())
	s := &Server{
		listener: listener,
		closed:   closed,
		http: &http.Server{
			Handler:           all,
			ReadHeaderTimeout: headerTimeout,
			ReadTimeout:       headerTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    headerBytes,
			ErrorLog:          faults, // what a port scanner sends is no news
			TLSConfig:         c.secured(),
		},
	}
	s.http.RegisterOnShutdown(closed)
	return s, nil
}

// Addr is where it listens, with the real port.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Serve answers until Shutdown or Close, and then returns nil.
func (s *Server) Serve() error {
	serve := s.http.Serve
	if s.http.TLSConfig != nil {
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	if err := serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin listener: %w", err)
	}
	return nil
}

// Shutdown stops accepting and waits for answers on their way, at most until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

// Close stops at once.
func (s *Server) Close() error {
	s.closed()
	// A server that never served knows no listener, so both are closed.
	return errors.Join(s.http.Close(), ignoreClosed(s.listener.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
