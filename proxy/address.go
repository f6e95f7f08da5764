package proxy

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress is where a request comes from: the peer, or what a listed peer says of
// it. X-Forwarded-For is read from its end, where our own peer has written, and only as
// long as listed peers are named there: what stands before may be invented.
func (p *Proxy) clientAddress(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	client, trusted := plain(peer.Addr()), p.settings.Load().ForwardedFrom
	if len(trusted) == 0 {
		return client
	}
	lines := r.Header["X-Forwarded-For"]
	for _, line := range slices.Backward(lines) {
		hops := strings.Split(line, ",")
		for _, hop := range slices.Backward(hops) {
			if !contains(trusted, client) {
				return client
			}
			before, ok := hopAddress(strings.TrimSpace(hop))
			if !ok {
				return client
			}
			client = before
		}
	}
	return client
}

// hopAddress reads what proxies write: an address, some with a port, IPv6 then in brackets.
func hopAddress(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		return plain(withPort.Addr()), err == nil
	}
	return plain(addr), true
}

// plain has no zone (fe80::1%eth0 is a name on this machine only, and no prefix holds it)
// and is IPv4 where it is IPv4 in the spelling of IPv6.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// subscriber is what is counted as one client: an IPv4 address, or the /64 of IPv6 that
// one subscriber has. By single addresses of it nobody could be limited.
func subscriber(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	network, _ := a.Prefix(bits) // the zero Prefix where there is no address (tests in memory)
	return network
}
