//go:build linux

package netns

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"testing"
)

// Lose makes one connection of a phone half-open: from now on the firewall drops
// whatever either side says on it, the end too, and lets all else pass. It counts
// what is said to the phone.
func (w *World) Lose(t testing.TB, phone netip.AddrPort) {
	t.Helper()
	w.change(t, fmt.Sprintf("ip daddr %s tcp dport %d counter drop; ip saddr %[1]s tcp sport %[2]d drop; %[3]s",
		phone.Addr(), phone.Port(), usual))
}

var packets = regexp.MustCompile(`counter packets (\d+)`)

// SaidInVain is how many packets went to the phone on the connection that was lost.
func (w *World) SaidInVain(t testing.TB) int {
	t.Helper()
	out, err := w.firewall.read("nft", "list", "chain", "ip", "world", "forward")
	found := packets.FindSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("reading the firewall's counter: %v: %s", err, out)
	}
	n, _ := strconv.Atoi(string(found[1]))
	return n
}
