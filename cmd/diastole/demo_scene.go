package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/lab"
)

// scene is the demo's world: server, proxy, firewalls, phones.
type scene struct {
	server *lab.Server
	daemon *daemon
	walls  []*lab.Firewall
	doors  []net.Addr // of the firewalls
	every  time.Duration
	living sync.WaitGroup // phones and the postman

	delivered atomic.Int64
	stopProxy chan os.Signal
	proxyDone chan struct{} // closed when proxyErr is known
	proxyErr  error
}

// newScene binds everything. Nobody moves yet.
func newScene(c demoCmd, terminal bool, stderr *os.File) (*scene, error) {
	users := map[string]string{}
	for _, p := range demoPhones {
		users[p.user] = "demo"
	}
	s := &scene{every: c.Mail, stopProxy: make(chan os.Signal, 1), proxyDone: make(chan struct{}),
		server: lab.NewServer(lab.ServerConfig{Users: users, Pace: demoScale})}
	err := s.raiseProxy(c, terminal, stderr)
	if err == nil {
		err = s.raiseWalls()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// raiseProxy puts the proxy in front of the server, wired as serve does it.
func (s *scene) raiseProxy(c demoCmd, terminal bool, stderr *os.File) error {
	url, err := s.server.Listen(nil)
	if err != nil {
		return err
	}
	cfg, err := demoConfig(settings{Upstream: url, Listen: c.Listen, Admin: c.Admin})
	if err != nil {
		return err
	}
	log := zap.NewNop() // on a terminal its lines would tear the table
	if !terminal {
		cfg.Log.Level = "error"
		if log, _, err = newLog(cfg.Log, stderr, false); err != nil {
			return err
		}
	}
	s.daemon, err = assembleIn(context.Background(), cfg, log, demoScale)
	return err
}

// raiseWalls puts the firewalls in front of the proxy.
func (s *scene) raiseWalls() error {
	for _, n := range demoNetworks {
		d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(n.from)}}
		wall, door, err := lab.ListenFirewall(lab.FirewallConfig{Dial: d.DialContext,
			Address: s.daemon.phones.Addr().String(), Idle: n.idle/demoScale + demoLate, Mute: true})
		if err != nil {
			return err
		}
		s.walls, s.doors = append(s.walls, wall), append(s.doors, door)
	}
	return nil
}

// start lets everybody live until ctx ends.
func (s *scene) start(ctx context.Context, v *view) {
	go func() {
		s.proxyErr = s.daemon.run(signals{stop: s.stopProxy})
		close(s.proxyDone)
	}()
	for i := range demoPhones {
		s.living.Go(func() { lab.NewPhone(s.phone(i, v)).Run(ctx) })
	}
	s.living.Go(func() { s.deliver(ctx) })
}

// phone is one phone with its hooks to the view.
func (s *scene) phone(i int, v *view) lab.PhoneConfig {
	p := demoPhones[i]
	cfg := p.phone
	cfg.URL = fmt.Sprintf("https://%s", s.doors[p.network])
	cfg.User, cfg.Password, cfg.DeviceID = p.user, "demo", "demo"+p.user
	cfg.Scale, cfg.Plain, cfg.Grace = demoScale, true, time.Second
	cfg.TLS = &tls.Config{InsecureSkipVerify: true} // the proxy's certificate is made at this start
	cfg.OnAsk = func(d time.Duration) { v.ask(i, d) }
	cfg.OnWait = func(w lab.Wait) { v.wait(i, w) }
	cfg.OnMail = func(m lab.Mail) { v.mail(i, m) }
	cfg.OnError = func(err error) { v.problem(i, err) }
	return cfg
}

// deliver sends a mail to somebody now and then.
func (s *scene) deliver(ctx context.Context) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.server.Deliver(demoPhones[rand.IntN(len(demoPhones))].user, "",
				lab.Mail{From: "demo@lab.test", Subject: fmt.Sprintf("mail %d", n), Body: "hello"})
			s.delivered.Add(1)
		}
	}
}

// stop ends phones, firewalls, proxy and server, in this order: from outside to inside nobody is left waiting.
func (s *scene) stop(phones context.CancelFunc) {
	phones()
	s.living.Wait()
	for _, w := range s.walls {
		w.Close()
	}
	s.stopProxy <- syscall.SIGTERM
	<-s.proxyDone
	s.close()
}

func (s *scene) close() {
	for _, w := range s.walls {
		w.Close()
	}
	if s.daemon != nil {
		s.daemon.close()
	}
	s.server.Close()
}
