package edge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Config says where to listen and who answers.
type Config struct {
	// Listen is the address, such as ":443" or "127.0.0.1:0".
	Listen string
	// Sockets may hold one for phones, which is then used instead of binding
	// Listen. Nil: none.
	Sockets *Sockets
	// Certificates are shown, and outlive the listener. Nil: a self-signed one, and a
	// warning.
	Certificates *Certificates
	// ALPN lists the HTTP versions offered, best first: "http/1.1", "h2". Empty
	// means only http/1.1: on HTTP/2 a phone's wait and its other requests share
	// one connection, and a connection that is lost tells less (protocol.md 8.1).
	ALPN []string
	// ProxyProtocolFrom lists the peers that send a PROXY header. They have to,
	// on each connection; nobody else may.
	ProxyProtocolFrom []netip.Prefix
	// Handler answers the requests. r.RemoteAddr is the client's address, after
	// a PROXY header the one that it names; r.TLS and r.Proto are as usual.
	Handler http.Handler
	// Connections may be open at once. 0 or less: half of the limit of open
	// files, see limits.go. Another 64 are let in to be answered 503.
	Connections int
	// Addresses bounds what each client address may take, at this listener and others.
	// Nil: no limit.
	Addresses *Addresses
	// ConnContext and ConnState are http.Server's hooks; both may be nil. The
	// connection they get is past its TLS handshake. It has the methods of
	// *tls.Conn, and its NetConn() is a syscall.Conn (for TCP_INFO). On HTTP/1 it
	// has GiveBack and ReadAhead besides (see guard), also for who hijacks it; when it
	// is given back both hooks see it as new.
	ConnContext func(ctx context.Context, c net.Conn) context.Context
	ConnState   func(c net.Conn, state http.ConnState)
	Log         *zap.Logger // nil: silent
	Metrics     *Metrics    // nil: counted nowhere

	limits limits // zero: defaultLimits; tests shorten them
}

// Server is a listener with the HTTP server behind it.
type Server struct {
	cfg      Config
	listener net.Listener
	tls      atomic.Pointer[tlsConfig]
	certs    *Certificates
	http     *http.Server

	places    chan struct{} // one element for each open connection, and one for the next
	slots     chan struct{} // one element for each of them that is not turned away
	ready     chan net.Conn // connections past their handshake
	returned  *returns      // connections given back
	closeDoor context.CancelFunc
	door      context.Context // ends when no connection is accepted any more
	stopping  context.Context // ends with the handshakes, after door
	stop      context.CancelFunc
	serving   atomic.Bool
	taken     chan struct{} // closed when Serve gives http.Server no more
	newcomers *newcomers
	working   sync.WaitGroup // the accept loop, handshakes
	seldom    *zap.Logger    // each message at most once a minute
}

// Listen binds the address and loads the certificate. Requests get ctx's
// values as their context, but not its end: ctx ends with the SIGTERM, and the
// waits that are held then have to be answered first. Use Shutdown or Close.
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	certs := cfg.Certificates
	if certs == nil {
		var err error
		if certs, err = OpenCertificates(ctx, CertificatesConfig{Log: cfg.Log, Metrics: cfg.Metrics}); err != nil {
			return nil, err
		}
	}
	listener, err := bind(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return newServer(ctx, cfg, certs, listener), nil
}

// bind takes the socket that was handed over, or opens one.
func bind(ctx context.Context, cfg Config) (net.Listener, error) {
	given, err := cfg.Sockets.Take(SocketPhones, cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	if given != nil {
		return silent{given.(*net.TCPListener)}, nil // Take gives TCP only
	}
	// Go's default is a keep-alive probe after 15 s of silence: sixty radio
	// wakes in a wait of 15 min (protocol.md 8.6). A dead phone is found by the
	// end of its heartbeat instead.
	listen := net.ListenConfig{KeepAlive: -1}
	// Multipath TCP, a default of Go on Linux, announces addresses and probes
	// subflows when it likes to, and its TCP_INFO is of no single path.
	listen.SetMultipathTCP(false)
	listener, err := listen.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, bindError(err)
	}
	return listener, nil
}

// complete checks the configuration and fills in the defaults.
func (cfg *Config) complete() error {
	if cfg.Handler == nil {
		return errors.New("edge: no handler") // http.Server would take the global mux, with all that is registered there
	}
	if len(cfg.ALPN) == 0 {
		cfg.ALPN = []string{"http/1.1"}
	}
	for _, proto := range cfg.ALPN {
		if proto != "http/1.1" && proto != "h2" {
			return fmt.Errorf("edge: ALPN protocol %q is unknown: use \"http/1.1\", \"h2\" or both", proto)
		}
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	if cfg.Addresses == nil {
		cfg.Addresses = NewAddresses(cfg.Metrics)
	}
	if cfg.limits == (limits{}) {
		cfg.limits = defaultLimits()
	}
	if cfg.Connections > 0 {
		cfg.limits.connections = cfg.Connections
	}
	return nil
}

// bindError adds the way out to the two errors that everybody meets once.
func bindError(err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EACCES):
		hint = " (ports below 1024 need CAP_NET_BIND_SERVICE, or listen on another port)"
	case errors.Is(err, syscall.EADDRINUSE):
		hint = " (another program has this port: see ss -ltnp)"
	}
	return fmt.Errorf("edge: %w%s", err, hint)
}

func newServer(ctx context.Context, cfg Config, certs *Certificates, listener net.Listener) *Server {
	s := &Server{cfg: cfg, listener: listener, certs: certs,
		places: make(chan struct{}, cfg.limits.connections+spare), slots: make(chan struct{}, cfg.limits.connections),
		ready: make(chan net.Conn), returned: newReturns(), taken: make(chan struct{}), newcomers: newNewcomers()}
	base := context.WithoutCancel(ctx)
	s.stopping, s.stop = context.WithCancel(base)
	s.door, s.closeDoor = context.WithCancel(s.stopping)
	s.seldom = cfg.Log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, time.Minute, 1, 0)
	}))
	s.http = newHTTPServer(cfg, base)
	seen := s.http.ConnState
	s.http.ConnState = func(c net.Conn, state http.ConnState) {
		s.newcomers.see(c, state)
		seen(c, state)
		closeOutdated(c, state)
	}
	s.http.Handler = current{s, s.http.Handler}
	cfg.Metrics.limit.Set(float64(cfg.limits.connections))
	return s
}

// Addr is the address in use, with the real port where ":0" was asked.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Serve answers until Shutdown or Close, after which it returns nil.
func (s *Server) Serve() error {
	s.cfg.Log.Info("listening", zap.Stringer("address", s.Addr()), zap.Strings("alpn", s.cfg.ALPN),
		zap.Stringers("proxy_protocol", s.cfg.ProxyProtocolFrom), zap.Int("connections_limit", cap(s.slots)))
	s.working.Go(s.accept)
	s.serving.Store(true)
	err := s.http.Serve(handover{s})
	close(s.taken)
	ended := s.stopping.Err() != nil
	s.halt()
	if ended {
		return nil
	}
	return err
}

// Shutdown stops accepting, answers for a moment whoever has just come, and waits
// until each request has its answer or ctx ends. It ends no request itself: whoever holds waits lets
// them go first. Connections that a handler took over (WebSocket, a parked wait)
// are its own; those given back from now on are closed.
func (s *Server) Shutdown(ctx context.Context) error {
	s.lastCome(ctx)
	s.halt()
	return s.http.Shutdown(ctx)
}

// Close cuts all connections at once, except those a handler took over.
func (s *Server) Close() error {
	s.halt()
	return s.http.Close()
}

// halt ends everything before HTTP: the listener, the handshakes and the way back.
func (s *Server) halt() {
	s.stop()
	s.returned.end()
	_ = s.listener.Close() // a second Close is an error that means nothing
	s.working.Wait()
}
