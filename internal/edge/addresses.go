package edge

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"go.uber.org/zap"
)

// AddressLimits bound what one client address may take: an IPv4 address, or an IPv6 /64,
// which is what one subscriber has. 0 is no limit.
type AddressLimits struct {
	Connections int            // open at once
	Handshakes  int            // begun in a minute; as many at once
	Remembered  int            // addresses; of more the one heard of longest ago is forgotten and begins anew
	Except      []netip.Prefix // proxies in front, whose address all of their clients have
}

// Addresses counts what client addresses take, at all listeners together. It remembers
// none while there is no limit.
type Addresses struct {
	metrics *Metrics

	mu     sync.Mutex
	limits AddressLimits
	known  *simplelru.LRU[netip.Prefix, *address] // nil: no limit was ever set
}

// address is what one takes. A connection keeps hold of it: when it is forgotten, the
// connections that it has are too.
type address struct {
	open  int
	begun float64   // handshakes, less those that time has made up for
	at    time.Time // when that was so
}

// Why a connection was closed over its address, as metric labels.
const (
	addressConnections = "connections"
	addressHandshakes  = "handshakes"
)

// NewAddresses sets no limit yet.
func NewAddresses(m *Metrics) *Addresses {
	if m == nil {
		m = NewMetrics(nil)
	}
	return &Addresses{metrics: m}
}

// Limit sets the limits for connections that come from now on; those that are open stay,
// and where there was no limit before, they were not counted.
func (a *Addresses) Limit(l AddressLimits) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits = l
	switch {
	case l.Connections <= 0 && l.Handshakes <= 0:
		a.known = nil
		a.metrics.addresses.Set(0)
	case a.known == nil:
		known, err := simplelru.NewLRU[netip.Prefix, *address](max(l.Remembered, 1), nil)
		if err != nil {
			panic("BUG: edge: " + err.Error()) // only for a size below 1
		}
		a.known = known
	default:
		a.metrics.addressesForgotten.Add(float64(a.known.Resize(max(l.Remembered, 1))))
	}
}

// enter counts a connection in. why is the limit that it would exceed, "" for none; leave,
// where it is not nil, is to be called when the connection is closed.
func (a *Addresses) enter(now time.Time, from netip.Addr) (leave func(), why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil || !from.IsValid() {
		return nil, ""
	}
	for _, prefix := range a.limits.Except {
		if prefix.Contains(from) {
			return nil, ""
		}
	}
	c := a.of(now, from)
	switch {
	case a.limits.Connections > 0 && c.open >= a.limits.Connections:
		return nil, addressConnections
	case a.limits.Handshakes > 0 && c.begun > float64(a.limits.Handshakes-1):
		return nil, addressHandshakes
	}
	c.begun++
	c.open++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		c.open--
	}, ""
}

// of is the entry of an address, with what time has made up for since it was heard of.
func (a *Addresses) of(now time.Time, from netip.Addr) *address {
	key := subscriber(from)
	c, known := a.known.Get(key)
	if !known {
		c = &address{at: now}
		if a.known.Add(key, c) {
			a.metrics.addressesForgotten.Inc()
		}
		a.metrics.addresses.Set(float64(a.known.Len()))
		return c
	}
	if passed := now.Sub(c.at); passed > 0 {
		c.begun = max(c.begun-float64(a.limits.Handshakes)*passed.Minutes(), 0)
		c.at = now
	}
	if a.limits.Handshakes <= 0 { // a limit that is set later begins at nothing
		c.begun = 0
	}
	return c
}

// subscriber is what is counted as one client.
func subscriber(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	network, _ := a.Prefix(bits) // fails only for more bits than there are
	return network
}

// admit counts a connection in by its client's address; false: it is to be closed. That is
// done before the handshake, which is what a stranger can make us pay for: an answer that
// says why would cost just that.
func (s *Server) admit(c *socket) bool {
	if c.remote == nil && listed(s.cfg.ProxyProtocolFrom, c.Conn.RemoteAddr()) {
		return true // a health check of the balancer's own
	}
	tcp, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return true
	}
	leave, why := s.cfg.Addresses.enter(time.Now(), tcp.AddrPort().Addr().Unmap().WithZone(""))
	if why != "" {
		s.cfg.Metrics.addressRefusals.WithLabelValues(why).Inc()
		s.seldom.Warn("an address has taken what it may, further connections from it are closed",
			zap.Stringer("client", tcp), zap.String("reason", why), zap.String("why", "where many phones share an address, raise limits."+why))
		return false
	}
	if leave != nil {
		c.counts(leave)
	}
	return true
}
