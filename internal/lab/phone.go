package lab

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// PhoneConfig describes a Phone. Only URL, User and Password must be set.
type PhoneConfig struct {
	URL            string // https://host[:port][/path]; without a path /Microsoft-Server-ActiveSync
	User, Password string

	DeviceID, DeviceType, UserAgent string
	Version                         string // protocol version; default 14.1

	Ladder Ladder // default DirectPush
	// Scale makes the phone live so many times faster: with 60 a ladder's 8 minutes are 8 seconds, on the wire too.
	// Server, proxy and firewall see true seconds. Default 1.
	Scale int
	// Plain says on the wire what the ladder says, also with a Scale: the server lives as fast (ServerConfig.Pace).
	Plain bool
	// Grace is how long after the interval it still waits for the answer. It is not scaled; default 5 s, AOSP's.
	Grace time.Duration
	// Timeout is for commands that do not wait; not scaled, default 30 s.
	Timeout time.Duration

	Filter      int  // FilterType of its Syncs (MS-ASCMD 2.2.3.68.2): 0 all mail, 1 a day's, 3 a week's
	HangingSync bool // waits with Sync instead of Ping: HeartbeatInterval, or Wait before 14.0
	Base64      bool // base64 queries, as Windows Phone
	EmptyPing   bool // leaves the body out when nothing changed since the last Ping, as Android 4.0
	ClosePing   bool // sends "Connection: close" with Ping, as Android 4.0
	CloseAll    bool // and with everything, for servers that close kept connections without a word

	Dial func(ctx context.Context, network, addr string) (net.Conn, error) // default the network
	TLS  *tls.Config

	// The hooks are called from Run's goroutine, one at a time. nil = nobody listens.
	OnAsk   func(interval time.Duration) // a wait begins; the interval is the ladder's, not scaled
	OnWait  func(Wait)                   // a wait ended
	OnMail  func(Mail)                   // a mail was synced
	OnError func(error)                  // something failed that is no wait
}

// Wait is how one wait of a phone ended.
type Wait struct {
	Asked  time.Duration // the ladder's interval, not scaled
	Took   time.Duration // in true time
	Event  Event
	Status int           // of the answer, 0 without one
	HTTP   int           // its HTTP status, 0 without one
	Next   time.Duration // what the ladder asks next
	State  string        // where the ladder stands: searching, settled, floor
	Err    error         // with Broken and Silent
}

// Phone is a client that behaves like a real one: it climbs its ladder, trusts its own timer only, closes the socket
// of a wait that was not answered, and is as strict with a Ping's answer as Android.
type Phone struct {
	cfg    PhoneConfig
	http   *http.Client
	climb  *Climb
	mu     sync.Mutex
	url    string
	policy string // key, "" = none

	// Of the goroutine that runs or calls FolderSync, Sync and Ping.
	folders   []Folder
	hierarchy string            // key
	keys      map[string]string // SyncKey by folder
	most      int               // MaxFolders of a Status 6
	pinged    string            // the body of the last Ping that was answered 1 or 2
	hung      string            // the body of the last hanging Sync, if it was answered with nothing
	odd       int               // answers in a row that say no more than "again"
}

// Folder is a folder as a phone knows it.
type Folder struct {
	ID, Name, Class string
	Type            int
}

// NewPhone makes a phone that has not spoken to its server yet.
func NewPhone(cfg PhoneConfig) *Phone {
	standard(&cfg.DeviceID, "phone1")
	standard(&cfg.DeviceType, "LabPhone")
	standard(&cfg.UserAgent, "lab/1.0")
	standard(&cfg.Version, "14.1")
	standard(&cfg.Ladder, DirectPush())
	standard(&cfg.Scale, 1)
	standard(&cfg.Grace, 5*time.Second)
	standard(&cfg.Timeout, 30*time.Second)
	transport := &http.Transport{DialContext: cfg.Dial, TLSClientConfig: cfg.TLS,
		DisableCompression: true, // it unpacks itself, as AOSP does; the header must be seen as it came
		DisableKeepAlives:  cfg.CloseAll, MaxIdleConnsPerHost: 2}
	p := &Phone{cfg: cfg, http: &http.Client{Transport: transport, CheckRedirect: noRedirect}, url: endpoint(cfg.URL)}
	p.climb = NewClimb(cfg.Ladder)
	p.forget()
	return p
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// forget makes the phone begin again with everything it synced.
func (p *Phone) forget() {
	p.folders, p.hierarchy, p.keys = nil, "0", map[string]string{}
	p.pinged, p.hung = "", ""
}

// Interval is what the ladder asks for next, not scaled.
func (p *Phone) Interval() time.Duration { return p.climb.Interval() }

// Folders are those of the last FolderSync.
func (p *Phone) Folders() []Folder { return p.folders }

// Close drops the phone's idle connections.
func (p *Phone) Close() { p.http.CloseIdleConnections() }

// Run lives the phone's life until ctx ends, and gives its error: folders, mail, then wait after wait. What fails is
// tried again after a pause that doubles from 10 seconds to 5 minutes (scaled).
func (p *Phone) Run(ctx context.Context) error {
	defer p.Close()
	pause := firstPause
	for ctx.Err() == nil {
		err := p.round(ctx)
		if err == nil {
			pause = firstPause
			continue
		}
		if ctx.Err() == nil && p.cfg.OnError != nil {
			p.cfg.OnError(err)
		}
		sleep(ctx, max(p.scaled(pause), retryAfter(err)))
		pause = min(2*pause, lastPause)
	}
	return ctx.Err()
}

const (
	firstPause = 10 * time.Second
	lastPause  = 5 * time.Minute
)

// round brings the phone up to date where it is not, and waits once.
func (p *Phone) round(ctx context.Context) error {
	if p.hierarchy == "0" {
		if err := p.FolderSync(ctx); err != nil {
			return err
		}
		if err := p.Sync(ctx, p.watched()...); err != nil {
			return err
		}
	}
	if p.cfg.HangingSync {
		return p.HangingSync(ctx)
	}
	return p.Ping(ctx)
}

// version is the protocol version times ten.
func (p *Phone) version() int {
	v, _ := strconv.ParseFloat(p.cfg.Version, 64)
	return int(v*10 + 0.5)
}

// scaled is a span of a phone's life in true time.
func (p *Phone) scaled(d time.Duration) time.Duration { return d / time.Duration(p.cfg.Scale) }

// wire is an interval as it is asked for: whole seconds, at least one.
func (p *Phone) wire() time.Duration {
	if p.cfg.Plain {
		return p.climb.Interval()
	}
	return max(p.scaled(p.climb.Interval()).Round(time.Second), time.Second)
}

// patience is how long it waits in true time for the answer to a wait of so much on the wire: its own timer is the
// interval and 5 s (AOSP).
func (p *Phone) patience(asked time.Duration) time.Duration {
	if p.cfg.Plain {
		asked = p.scaled(asked)
	}
	return asked + p.cfg.Grace
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
