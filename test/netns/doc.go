// Package netns makes a small Internet of Linux network namespaces: phones on
// one side, a server on the other, and between them a real stateful firewall
// (nftables and conntrack) that forgets connections which were silent too long.
//
//	phones 10.91.1.2 ── 10.91.1.1 firewall 10.91.2.1 ── 10.91.2.2 server
//	abroad 10.91.3.2 ── 10.91.3.1
//
// It is for tests only. It needs root and the Debian packages iproute2, nftables
// and conntrack; Need says what is missing. The namespaces have no names: they
// live as long as this process holds them open, so that not even a test that is
// killed leaves one behind. It knows nothing of ActiveSync.
package netns
