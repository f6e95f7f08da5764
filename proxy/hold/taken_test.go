package hold

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func claimOf(question byte) Claim {
	return Claim{Address: netip.MustParseAddr("192.0.2.1"), Credentials: Digest{1}, Question: Digest{question}, Accepted: true}
}

func TestWhatWaitsElsewhereNowWaitsHereNoMore(t *testing.T) {
	var g Register[string, string, string]
	now := time.Unix(1e9, 0)
	g.Join(now, "phone", claimOf(1), "wait 1", "up 1")
	g.Join(now, "other", claimOf(1), "wait of another", "up of another")
	v := g.Taken(now, "phone")
	if fmt.Sprint(v.Displaced, v.Cancelled) != "[wait 1] [up 1]" {
		t.Errorf("displaced %v, cancelled %v", v.Displaced, v.Cancelled)
	}
	if devices, ups := g.Len(); devices != 1 || ups != 1 {
		t.Errorf("%d devices with %d waits are left, want the other one", devices, ups)
	}
	if v := g.Taken(now, "nobody"); len(v.Displaced)+len(v.Cancelled) > 0 {
		t.Errorf("%+v", v)
	}
}

// Two phones with one device id, each at a node of its own: without this they would
// displace each other as fast as the network lets them.
func TestClientsThatDisplaceEachOtherAcrossNodesAreLeftAlone(t *testing.T) {
	var g Register[string, string, string]
	now, alone := time.Unix(1e9, 0), 0
	for i := range 10 {
		c := claimOf(1)
		c.Returned = i > 0
		if v := g.Join(now, "phone", c, fmt.Sprint("wait ", i), fmt.Sprint("up ", i)); v.Alone {
			alone++
			break
		}
		now = now.Add(time.Second)
		g.Taken(now, "phone")
	}
	if alone == 0 {
		t.Fatal("they never are")
	}
	if v := g.Taken(now, "phone"); len(v.Displaced) > 0 {
		t.Error("and yet it is displaced")
	}
}

func TestWhoReturnsIsForgottenWhenNobodyWaits(t *testing.T) {
	var g Register[string, string, string]
	now := time.Unix(1e9, 0)
	c := claimOf(1)
	c.Returned = true
	g.Join(now, "phone", c, "wait", "up")
	v := g.Taken(now, "phone")
	if v.Settles.IsZero() || len(g.devices) != 1 {
		t.Fatalf("%+v, %d devices are kept", v, len(g.devices))
	}
	if devices, _ := g.Len(); devices != 0 {
		t.Errorf("%d devices wait", devices)
	}
	if g.Settle(v.Settles, "phone"); len(g.devices) != 0 {
		t.Error("it is kept for ever")
	}
}
