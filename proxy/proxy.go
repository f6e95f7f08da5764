package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/proof"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// Config is what a Proxy needs to know. Upstream is required; the zero value of
// the rest stands for the default named with it.
type Config struct {
	Upstream *url.URL    // scheme http or https, host, optional path prefix
	TLS      *tls.Config // towards the upstream; nil: the system's roots

	// Dial makes the TCP connection to the upstream. Default: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Settings // to begin with

	Devices  *heartbeat.Tracker  // nil: one of its own
	Networks *heartbeat.Networks // nil: one of its own
	Memory   *watch.Memory       // what devices have; nil: one of its own
	Record   func(Record)        // gets every wait that is over; must not block; nil: nobody
	Witness  func(Event)         // sees waits begin and end, and what is denied; must not block; nil: nobody

	// Watch listens for changes of a mailbox, for waits that are held at the edge. It
	// returns at once; heard may be called from any goroutine, with true when something
	// may have changed and with false when Covered has. nil: nobody tells.
	Watch func(m Mailbox, heard func(changed bool)) Watching

	Nodes Nodes // that stand beside this one
	Clock Clock // in which devices and server live; ours

	LogName func(name string) string // how a user or a device is written to the log; "-" for all
	Log     *zap.Logger              // nowhere
	Metrics *Metrics                 // unregistered
}

// Remembered bounds what is kept of devices: one with thirty folders of which it syncs
// ten takes some 5 KiB, so 256 MiB are 50,000 of them. At a limit the one that was silent
// for longest is forgotten; its next empty Ping is then relayed without a known interval.
var Remembered = watch.Config{Devices: 100_000, Bytes: 256 << 20}

// Proxy is the http.Handler of the device port.
type Proxy struct {
	config   Config
	settings atomic.Pointer[Settings]
	guard    atomic.Pointer[guard] // nil: nothing is kept from the server
	client   *upstream.Client
	memory   *watch.Memory
	proofs   *proof.Watcher
	holds    hold.Register[holder, *wait, *exchange]
	queue    *hold.Queue // for waits at the server
	checks   *hold.Queue // for questions to it
	haste    *haste
	secret   secret
	seldom   *zap.Logger // each message some times a minute: a phone may come every second
	known    sync.Map    // net.Conn -> *clientConn, those with a pin, doomed, or parked once

	leaving atomic.Bool // Drain was called: nothing new goes up

	least         atomic.Int64 // nanoseconds: the shortest slice that the server takes, 0: any
	shortestTaken atomic.Int64 // nanoseconds: the shortest Ping that it takes, 0: any

	mu        sync.Mutex
	lobby     *Entrance // of requests that came without one
	entrances []*Entrance
	lingering map[*exchange]struct{} // at the server, and nobody waits for them
	parking   *hold.Lot              // nil: nothing was parked yet
	noLot     bool                   // and nothing ever will
}

// New makes a Proxy; it connects to nothing yet.
func New(c Config) *Proxy {
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	if c.LogName == nil {
		c.LogName = func(string) string { return "-" }
	}
	if c.Devices == nil {
		c.Devices = heartbeat.NewTracker(heartbeat.TrackerConfig{})
	}
	if c.Networks == nil {
		c.Networks = heartbeat.NewNetworks(heartbeat.NetworksConfig{})
	}
	if c.Memory == nil {
		c.Memory = watch.NewMemory(Remembered)
	}
	p := &Proxy{
		config: c, memory: c.Memory, proofs: proof.New(proof.Config{Window: c.Clock.proving()}),
		queue: hold.NewQueue(hold.QueueConfig{}), checks: hold.NewQueue(hold.QueueConfig{}), haste: newHaste(), secret: newSecret(),
	}
	p.seldom = c.Log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, time.Minute, 20, 0)
	}))
	if c.Nodes.are() {
		p.secret = c.Nodes.Secret
	}
	p.lobby = p.Entrance()
	p.Apply(c.Settings)
	p.client = upstream.New(upstream.Config{
		Address: address(c.Upstream),
		Dial:    c.Dial,
		TLS:     upstreamTLS(c),
		Stale:   c.Metrics.stale,
		IdleMax: idleMax(c.Hold),
	})
	c.Metrics.observe(p)
	c.Metrics.observeHold(p)
	c.Metrics.observeShield(p)
	return p
}

// idleMax is how many connections to the upstream are kept. Many waits may be answered
// at once, and asked for again at once: closing their connections and making them anew
// costs more than all the rest of it. Where few waits go up, few connections do, and
// the descriptors are for phones.
func idleMax(h Hold) int {
	if h.MaxWaits > 0 {
		return 256
	}
	return 8192
}

func address(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}

func upstreamTLS(c Config) *tls.Config {
	if c.Upstream.Scheme != "https" {
		return nil
	}
	if c.TLS == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return c.TLS
}

// UpstreamReachable connects to the upstream once; the error says why it cannot.
func (p *Proxy) UpstreamReachable(ctx context.Context) error { return p.client.Reach(ctx) }

// ServeHTTP relays one request, and leaves its connection ready for the next.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := clientOf(r)
	if write := c.parked.takeWrite(); write != nil {
		write(w, r)
		return
	}
	if c.doomed { // what comes here is the rest of a body
		panic(http.ErrAbortHandler)
	}
	p.serveLogged(w, r)
	closing := w.Header().Get("Connection") == "close"
	switch {
	case c.body != nil:
		p.endBody(c, closing)
	case r.ProtoMajor == 1 && r.ContentLength != 0:
		// net/http reads what is left, and sets no limit to that.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(restPause(closing)))
	}
}

// serve decides what a request is: a wait, a Sync to read along, or anything
// else.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		// A tunnel would make an open proxy of us.
		http.Error(w, "diastole is no forward proxy", http.StatusMethodNotAllowed)
		return
	}
	if !hasOneReading(r) {
		w.Header().Set("Connection", "close")
		http.Error(w, "malformed request", http.StatusBadRequest)
		return
	}
	if !eas.IsActiveSync(r.URL.Path) {
		if p.lets(w, r, eas.Envelope{}) {
			p.pass(w, r, notActiveSync)
		}
		return
	}
	query, err := envelope(r)
	if err == nil && r.Method == http.MethodPost {
		p.arrives(r, query)
		p.heard(r, query)
	}
	// Also what is not understood, or is no command: a password is in it too.
	decided := p.decide(r, query)
	accessOf(w).asks(query, decided.Rule)
	if decided.Denied() {
		p.showDenied(r, query, decided)
		p.deny(w, r, query, decided)
		return
	}
	if !p.lets(w, r, query) {
		return
	}
	p.serveSync(w, r, query, err, decided)
}

// serveSync does what an ActiveSync request asks for; unread says why its query was not
// understood.
func (p *Proxy) serveSync(w http.ResponseWriter, r *http.Request, query eas.Envelope, unread error, decided decision) {
	switch {
	case r.Method != http.MethodPost:
		p.pass(w, r, methodName(r.Method))
		return
	case unread != nil:
		p.config.Metrics.unread("query", "malformed")
		p.pass(w, r, "unknown")
		return
	}
	switch query.Command {
	case eas.CommandPing, eas.CommandSync:
		p.serveWait(w, r, query, decided)
	case eas.CommandFolderSync:
		p.passFolderSync(w, r, query)
	default:
		p.passCommand(w, r, query)
	}
}

// envelope is what a request says of itself outside of its body; what is missing there
// may stand in its header.
func envelope(r *http.Request) (eas.Envelope, error) {
	query, err := eas.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return eas.Envelope{}, err
	}
	query.FillFromHeader(r.Header.Get)
	return query, nil
}

// notActiveSync is the label of what is none of our business.
const notActiveSync = "other"

// methodName is the label of a request that is no ActiveSync command. Methods are
// the client's choice: each invented one would be a time series for ever.
func methodName(method string) string {
	if method == http.MethodOptions {
		return "OPTIONS"
	}
	return notActiveSync
}

// lot is where connections are parked; nil where the system has none.
func (p *Proxy) lot() *hold.Lot {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parking == nil && !p.noLot {
		lot, err := hold.OpenLot()
		if err != nil {
			p.noLot = true
			p.config.Log.Info("waits stay in their handlers: connections cannot be parked here", zap.Error(err))
			return nil
		}
		p.parking = lot
	}
	return p.parking
}
