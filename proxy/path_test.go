package proxy

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/policy"
)

// A path is the whole way of a lab phone: a firewall that forgets, the Proxy, a
// server. It lies in memory, in the bubble it is made in: an hour takes no time.
// What no bubble has is a kernel that says what was acknowledged, so that a Proxy
// learns of a lost answer from what its phone does next.
type path struct {
	*testing.T
	server   *lab.Server
	firewall *lab.Firewall
	proxy    *Proxy
	outside  *lab.Pipe // where phones connect to
	phones   sync.WaitGroup
	stop     context.CancelFunc
	ctx      context.Context
}

// network is how the Proxy sees every phone of a path: lab pipes have one client.
var network = heartbeat.NetworkOf(netip.MustParseAddr("192.0.2.1"), "", false)

// inVirtualTime walks a path whose firewall forgets after idle, in a bubble.
func inVirtualTime(t *testing.T, idle time.Duration, spec policy.Spec, walk func(*path)) {
	t.Helper()
	rules, err := policy.Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		p := &path{T: t, outside: lab.NewPipe(), server: lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": "secret"}})}
		p.ctx, p.stop = context.WithCancel(t.Context())
		front, inside := lab.NewPipe(), lab.NewPipe()
		p.firewall = lab.NewFirewall(lab.FirewallConfig{Dial: front.Dial, Idle: idle})
		p.proxy = New(Config{Upstream: &url.URL{Scheme: "http", Host: "up.test"}, Dial: inside.Dial, Settings: Settings{Policy: rules}})
		edge := &http.Server{Handler: p.proxy, ConnContext: p.proxy.lobby.ConnContext, ConnState: p.proxy.lobby.ConnState,
			ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute}
		go p.server.Serve(inside)
		go edge.Serve(front)
		go p.firewall.Serve(p.outside)
		defer func() {
			p.stop()
			p.phones.Wait()
			p.firewall.Close()
			edge.Close()
			p.server.Close()
			p.proxy.client.Close()
			time.Sleep(time.Second) // net/http lingers half a second over a connection with unread data
		}()
		walk(p)
	})
}

// live lets a phone of anna live until the walk is over.
func (p *path) live(cfg lab.PhoneConfig) heartbeat.Key {
	cfg.URL, cfg.User, cfg.Password, cfg.Dial = "http://mail.test", "anna", "secret", p.outside.Dial
	cfg.OnError = func(err error) { p.Errorf("%s: %v", cfg.DeviceID, err) }
	phone := lab.NewPhone(cfg)
	p.phones.Go(func() { _ = phone.Run(p.ctx) })
	return heartbeat.Key{Principal: "anna", Device: cfg.DeviceID, Type: cfg.DeviceType}
}

// state is what is known of a device.
func (p *path) state(k heartbeat.Key) heartbeat.DeviceState {
	p.Helper()
	s, known := p.proxy.config.Devices.State(k)
	if !known {
		for k, s := range p.proxy.config.Devices.All {
			p.Logf("known: %+v %+v", k, s)
		}
		p.Fatalf("%+v is not known", k)
	}
	return s
}

func (p *path) advice() heartbeat.Advice {
	return p.proxy.config.Networks.Advise(time.Now(), network)
}
