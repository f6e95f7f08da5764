package e2e

import "testing"

// A box in front of SOGo forgets after 20 s, its operator has said so, and 5 s of
// margin are to be left. A Ping of 50 s goes up as one of 15: what comes back then is
// SOGo's own, word for word what it says at that second to a device that asked for 15.
func TestAPingThatAFirewallWouldKillEndsBeforeWithTheServersOwnAnswer(t *testing.T) {
	t.Parallel()
	e, user := startEdge(t, front(), "policy: {firewall_idle: 20s, margin: 5s}"), server.user(t)
	through, straight := newPhone(t, e.door(), user, "THROUGH").start(), newPhone(t, direct(), user, "STRAIGHT").start()
	a, b := both(through, straight, func(p *phone) answer {
		if p == through {
			return p.ping("50")
		}
		return p.ping("15")
	})
	alike(t, a, b)
	if status := a.doc(t).get("Ping:Status"); status != "1" {
		t.Errorf("Status %s, want 1: %v", status, a.doc(t))
	}
	// A Ping without a body repeats the 50 s. It goes up as one that asks for 15 and
	// leaves the folders to SOGo's memory.
	a, b = both(through, straight, func(p *phone) answer { return p.send("Ping", nil) })
	alike(t, a, b)
	if status := a.doc(t).get("Ping:Status"); status != "1" {
		t.Errorf("without a body: Status %s, want 1: %v", status, a.doc(t))
	}
	e.expectWaits(2, "ping", "expired")
	if n := e.metric("diastole_clamped_total", `kind="ping",rule="default",style="early"`); n != 2 {
		t.Errorf("%v waits were clamped, want 2", n)
	}
}
