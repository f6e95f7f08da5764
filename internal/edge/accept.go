package edge

import (
	"errors"
	"net"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
)

// accept takes connections until the server stops. No error ends it: too many
// open files pass, and a proxy that stops listening over them does not.
func (s *Server) accept() {
	var pause time.Duration
	for s.takePlace() {
		c, err := s.listener.Accept()
		if err == nil {
			pause = 0
			s.cfg.Metrics.accepted.Inc()
			phone := s.newSocket(c)
			s.working.Go(func() { s.welcome(phone) })
			continue
		}
		<-s.places
		if s.door.Err() != nil {
			return
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.cfg.Metrics.acceptErrors.Inc()
		s.seldom.Warn("cannot accept connections, trying again", zap.Error(err))
		s.sleep(pause)
	}
}

func (s *Server) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.door.Done():
	}
}

// welcome brings a connection to where HTTP begins, or closes it. Its goroutine
// ends there: the stack that a handshake needs (16 KiB and more) is given back
// and not kept through a wait.
func (s *Server) welcome(c *socket) {
	defer func() {
		if fault := recover(); fault != nil { // as http.Server does: one connection, not the process
			_ = c.Close()
			s.cfg.Log.Error("panic in a handshake", zap.Any("panic", fault), zap.ByteString("stack", debug.Stack()))
		}
	}()
	conn, err := s.secure(c)
	if err != nil {
		s.report(c, err)
		_ = c.Close()
		return
	}
	select {
	case s.ready <- conn:
	case <-s.stopping.Done():
		_ = c.Close()
	}
}

// secure reads the PROXY header where one is due, then shakes hands.
func (s *Server) secure(c *socket) (net.Conn, error) {
	if listed(s.cfg.ProxyProtocolFrom, c.RemoteAddr()) {
		if err := c.readProxyHeader(s.cfg.limits.proxyHeader); err != nil {
			return nil, err
		}
	}
	if !s.admit(c) {
		return nil, errTooMuch
	}
	config := s.tlsConfig()
	c.trust = config.trust
	conn, err := handshake(s.stopping, c, config.Config, s.cfg.limits.handshake)
	switch {
	case err != nil:
		if failure(err) == reasonPlainHTTP {
			answerPlainHTTP(c)
		}
		return nil, err
	case conn.ConnectionState().NegotiatedProtocol == challengeProtocol:
		_ = conn.Close()
		return nil, errAnswered
	case conn.ConnectionState().NegotiatedProtocol == "h2":
		return conn, nil // http.Server speaks HTTP/2 only to a *tls.Conn
	default:
		return &guard{Conn: conn, server: s}, nil
	}
}

// errAnswered ends the connection of an authority, which has seen its answer in the
// handshake (RFC 8737 3).
var errAnswered = errors.New("answered a certificate authority")

// errTooMuch ends a connection from an address that has taken what it may.
var errTooMuch = errors.New("its address has taken what it may")

// tlsConfig is what the next handshake is made with.
func (s *Server) tlsConfig() *tlsConfig {
	s.certs.follow(time.Now())
	former := s.tls.Load()
	now := s.certs.config(s.cfg.ALPN, former)
	if now != former {
		s.tls.CompareAndSwap(former, now)
	}
	return now
}

// report counts why a connection never became one. The log is for debugging:
// every scanner of the Internet comes by here. Only what speaks of a wrong
// proxy_protocol setting is worth a warning: with it no phone gets in.
func (s *Server) report(c *socket, err error) {
	if s.stopping.Err() != nil || errors.Is(err, errAnswered) || errors.Is(err, errTooMuch) {
		return // cut by ourselves, or no failure, or counted
	}
	from := zap.Stringer("client", c.Conn.RemoteAddr())
	var refused *proxyError
	if errors.As(err, &refused) {
		s.cfg.Metrics.proxies.WithLabelValues(refused.reason).Inc()
		s.seldom.Warn("a peer listed in proxy_protocol.trusted sent no usable PROXY header: "+
			"make it send one, or take it off the list", from, zap.Error(err))
		return
	}
	reason := failure(err)
	s.cfg.Metrics.handshakes.WithLabelValues(reason).Inc()
	if reason == reasonProxyHeader {
		s.cfg.Metrics.proxies.WithLabelValues(proxyUntrusted).Inc()
		s.seldom.Warn("a peer sent a PROXY header and is not listed in proxy_protocol.trusted: "+
			"add it there if it is a balancer of yours", from)
		return
	}
	s.cfg.Log.Debug("tls handshake failed", from, zap.String("reason", reason), zap.Error(err))
}

func (s *Server) refuse(g *guard, why *refusal) {
	s.cfg.Metrics.requests.WithLabelValues(why.reason).Inc()
	s.cfg.Log.Debug("request refused", zap.Stringer("client", g.RemoteAddr()), zap.Error(why))
}
