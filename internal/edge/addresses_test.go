package edge

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func limited(l AddressLimits) *Addresses {
	if l.Remembered == 0 {
		l.Remembered = 1000
	}
	a := NewAddresses(nil)
	a.Limit(l)
	return a
}

// enters wants the verdict of a connection from there.
func (a *Addresses) enters(t *testing.T, now time.Time, from, want string) func() {
	t.Helper()
	leave, why := a.enter(now, netip.MustParseAddr(from))
	if why != want {
		t.Errorf("%s: refused over %q, want %q", from, why, want)
	}
	return leave
}

func TestAnAddressMayHaveSoManyConnectionsOpen(t *testing.T) {
	a := limited(AddressLimits{Connections: 2})
	first := a.enters(t, noon, "203.0.113.1", "")
	a.enters(t, noon, "203.0.113.1", "")
	a.enters(t, noon, "203.0.113.1", "connections")
	a.enters(t, noon, "203.0.113.2", "")
	first()
	a.enters(t, noon, "203.0.113.1", "")
	a.enters(t, noon, "203.0.113.1", "connections")
}

func TestAnAddressMayBeginSoManyHandshakesInAMinute(t *testing.T) {
	a := limited(AddressLimits{Handshakes: 60})
	for range 60 {
		a.enters(t, noon, "203.0.113.1", "")()
	}
	a.enters(t, noon, "203.0.113.1", "handshakes")
	a.enters(t, noon.Add(900*time.Millisecond), "203.0.113.1", "handshakes")
	a.enters(t, noon.Add(time.Second), "203.0.113.1", "")
	a.enters(t, noon.Add(time.Second), "203.0.113.1", "handshakes")
	a.enters(t, noon, "203.0.113.2", "")
}

func TestOfIPv6ASubscriberIsCounted(t *testing.T) {
	a := limited(AddressLimits{Connections: 1})
	a.enters(t, noon, "2001:db8:1:2::1", "")
	a.enters(t, noon, "2001:db8:1:2:ffff::9", "connections")
	a.enters(t, noon, "2001:db8:1:3::1", "")
}

func TestAProxyInFrontIsNotCounted(t *testing.T) {
	a := limited(AddressLimits{Connections: 1, Handshakes: 1, Except: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	for range 10 {
		a.enters(t, noon, "10.1.2.3", "")
	}
}

func TestAFullTableForgetsTheAddressHeardOfLongestAgo(t *testing.T) {
	a := limited(AddressLimits{Connections: 1, Remembered: 2})
	leave := a.enters(t, noon, "203.0.113.1", "")
	a.enters(t, noon, "203.0.113.2", "")
	a.enters(t, noon, "203.0.113.1", "connections")
	a.enters(t, noon, "203.0.113.3", "") // 2 has to go
	a.enters(t, noon, "203.0.113.1", "connections")
	a.enters(t, noon, "203.0.113.2", "")
	leave() // of one that may be forgotten by now
	if n := a.known.Len(); n != 2 {
		t.Errorf("%d are remembered", n)
	}
}

func TestALimitChangesForConnectionsFromThenOn(t *testing.T) {
	a := NewAddresses(nil)
	if leave := a.enters(t, noon, "203.0.113.1", ""); leave != nil || a.known != nil {
		t.Error("without a limit something is remembered")
	}
	a.Limit(AddressLimits{Connections: 1, Remembered: 10})
	leave := a.enters(t, noon, "203.0.113.1", "")
	a.enters(t, noon, "203.0.113.1", "connections")
	a.Limit(AddressLimits{Connections: 2, Handshakes: 2, Remembered: 5})
	a.enters(t, noon, "203.0.113.1", "")
	a.enters(t, noon, "203.0.113.1", "connections")
	a.Limit(AddressLimits{})
	a.enters(t, noon, "203.0.113.1", "")
	leave()
}

// A person who counts would keep a list of who is there and when each came.
func TestNoAddressEverHasMoreThanItMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := AddressLimits{Connections: rapid.IntRange(0, 4).Draw(t, "connections"), Handshakes: rapid.IntRange(1, 20).Draw(t, "handshakes"), Remembered: 100}
		a := NewAddresses(nil)
		a.Limit(limits)
		now, open, began := noon, map[string][]func(){}, map[string][]time.Time{}
		who := rapid.SampledFrom([]string{"203.0.113.1", "203.0.113.2", "2001:db8::1"})
		t.Repeat(map[string]func(*rapid.T){
			"come": func(t *rapid.T) {
				from := who.Draw(t, "who")
				leave, why := a.enter(now, netip.MustParseAddr(from))
				if full := limits.Connections > 0 && len(open[from]) >= limits.Connections; full != (why == "connections") {
					t.Fatalf("%d open, and %q", len(open[from]), why)
				}
				if why == "handshakes" && len(began[from]) == 0 {
					t.Fatal("the first one is too many")
				}
				if why != "" {
					return
				}
				open[from], began[from] = append(open[from], leave), append(began[from], now)
				for i, at := range began[from] {
					if most := float64(limits.Handshakes) * (1 + now.Sub(at).Minutes()); float64(len(began[from])-i) > most+1e-6 {
						t.Fatalf("%d handshakes in %s", len(began[from])-i, now.Sub(at))
					}
				}
			},
			"go": func(t *rapid.T) {
				from := who.Draw(t, "who")
				if n := len(open[from]); n > 0 {
					open[from][n-1]()
					open[from] = open[from][:n-1]
				}
			},
			"pass time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 90_000).Draw(t, "ms")) * time.Millisecond)
			},
		})
	})
}

func TestAConnectionTooManyIsClosedBeforeItsHandshakeAndOneThatLeavesMakesRoom(t *testing.T) {
	l := start(t, func(c *Config) {
		c.Addresses = NewAddresses(c.Metrics)
		c.Addresses.Limit(AddressLimits{Connections: 2, Remembered: 10})
	})
	first, second := l.connect(), l.connect()
	l.ask(first, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	third := l.dial()
	expectEOF(t, third)
	if n := l.count("address_refusals_total", "connections"); n != 1 {
		t.Errorf("%v refused", n)
	}
	first.Close()
	l.expectOpen(1)
	l.ask(l.connect(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	l.ask(second, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	lines := l.logs.FilterMessage("an address has taken what it may, further connections from it are closed").All()
	if len(lines) != 1 || !strings.HasSuffix(lines[0].ContextMap()["why"].(string), "raise limits.connections") {
		t.Errorf("%d warnings: %v", len(lines), lines)
	}
}

func TestBehindABalancerTheAnnouncedAddressCountsAndTheBalancersDoesNot(t *testing.T) {
	l := start(t, func(c *Config) {
		trusting("127.0.0.1/32")(c)
		c.Addresses = NewAddresses(c.Metrics)
		c.Addresses.Limit(AddressLimits{Connections: 1, Handshakes: 5, Remembered: 10})
	})
	for i := range 20 { // each with an address of its own
		c := l.dial()
		send(t, c, fmt.Sprintf("PROXY TCP4 198.51.100.%d 127.0.0.1 1000 443\r\n", i))
		secured, err := l.shake(c)
		if err != nil {
			t.Fatalf("phone %d: %v", i, err)
		}
		l.ask(secured, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	again := l.dial()
	send(t, again, "PROXY TCP4 198.51.100.17 127.0.0.1 2000 443\r\n")
	if _, err := l.shake(again, "http/1.1"); err == nil {
		t.Error("a second connection of one address was let in")
	}
	for range 20 { // health checks of the balancer's own
		c := l.dial()
		send(t, c, version2(local, 0))
		if _, err := l.shake(c); err != nil {
			t.Fatalf("a health check: %v", err)
		}
		c.Close()
	}
	if n := l.count("address_refusals_total", "connections"); n != 1 {
		t.Errorf("%v refused", n)
	}
	if n := l.count("addresses", ""); n != 10 {
		t.Errorf("%v addresses are remembered", n)
	}
	if n := l.count("addresses_forgotten_total", ""); n != 10 {
		t.Errorf("%v addresses were forgotten", n)
	}
}
