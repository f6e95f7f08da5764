package lab

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// FirewallConfig says what a Firewall stands in front of and how long its memory is.
type FirewallConfig struct {
	// Dial reaches the server behind it.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Address is handed to Dial.
	Address string
	// Idle is how long a connection may be silent before the firewall forgets it. 0 = it never forgets.
	Idle time.Duration
	// Conns is how many connections it keeps, forgotten ones included; default 4096. At the limit the oldest
	// forgotten one is closed, which its ends do see; without one to close, the new connection is refused.
	Conns int
	// Mute makes a forgotten connection silent down to TCP: its bytes are not even acknowledged (Linux only). Both ends
	// then see what they would see behind a real box. What is forgotten costs two sockets until Close, or until Conns
	// is reached: whether an end has gone cannot be seen any more either.
	Mute bool
}

// Firewall is a relay that behaves like a NAT or a stateful firewall on the way: a connection that was silent for
// longer than its idle limit is forgotten. From then on nothing passes, in neither direction: no data, no FIN, no
// RST. Both ends believe that the connection lives.
//
// Without Mute the kernel at its own ends still acknowledges the bytes that vanish.
type Firewall struct {
	cfg       FirewallConfig
	idle      atomic.Int64
	forgotten atomic.Int64
	life      *lifetime

	mu    sync.Mutex
	flows []*flow // oldest first
	lns   []net.Listener
	wg    sync.WaitGroup
}

// NewFirewall makes a firewall; Serve puts it to work.
func NewFirewall(cfg FirewallConfig) *Firewall {
	if cfg.Conns == 0 {
		cfg.Conns = 4096
	}
	f := &Firewall{cfg: cfg, life: newLifetime()}
	f.SetIdle(cfg.Idle)
	return f
}

// ListenFirewall makes a firewall on a free port of 127.0.0.1 in front of cfg.Address and serves it until Close.
func ListenFirewall(cfg FirewallConfig) (*Firewall, net.Addr, error) {
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{}).DialContext
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	f := NewFirewall(cfg)
	go f.Serve(ln)
	return f, ln.Addr(), nil
}

// Serve relays what ln accepts until Close, and returns net.ErrClosed then.
func (f *Firewall) Serve(ln net.Listener) error {
	f.mu.Lock()
	f.lns = append(f.lns, ln)
	f.mu.Unlock()
	if f.life.Err() != nil {
		ln.Close() // Close came first and could not see this listener
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			return net.ErrClosed
		}
		f.wg.Go(func() { f.relay(c) })
	}
}

// SetIdle changes the idle limit, as an administrator does. It holds for a connection from its next byte on.
func (f *Firewall) SetIdle(d time.Duration) { f.idle.Store(int64(d)) }

// Forgotten counts the connections that were forgotten so far.
func (f *Firewall) Forgotten() int64 { return f.forgotten.Load() }

// Forget forgets every connection at once: the phone moved to another network, the box was restarted.
func (f *Firewall) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fl := range f.flows {
		fl.forget()
	}
}

// Close ends the firewall and, visibly, every connection.
func (f *Firewall) Close() {
	f.life.end()
	f.mu.Lock()
	for _, ln := range f.lns {
		ln.Close()
	}
	for _, fl := range f.flows {
		fl.close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// relay carries one connection until both of its ends are gone.
func (f *Firewall) relay(phone net.Conn) {
	server, err := f.cfg.Dial(f.life, "tcp", f.cfg.Address)
	if err != nil {
		phone.Close()
		return
	}
	fl := &flow{firewall: f, phone: phone, server: server}
	if !f.add(fl) {
		fl.close()
		return
	}
	defer f.remove(fl)
	fl.touch()
	var back sync.WaitGroup
	back.Go(func() { fl.pump(phone, server) })
	fl.pump(server, phone)
	back.Wait()
}

// add keeps a flow, making room at the limit.
func (f *Firewall) add(fl *flow) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.life.Err() != nil {
		return false
	}
	if len(f.flows) >= f.cfg.Conns {
		for _, old := range f.flows {
			if old.isForgotten() {
				old.close() // its relay ends and removes it
				f.flows = append(f.flows, fl)
				return true
			}
		}
		return false
	}
	f.flows = append(f.flows, fl)
	return true
}

func (f *Firewall) remove(fl *flow) {
	fl.close()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, other := range f.flows {
		if other == fl {
			f.flows = append(f.flows[:i], f.flows[i+1:]...)
			return
		}
	}
}
