package proof

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/heartbeat"
)

const (
	window = 30 * time.Second
	second = time.Second
)

// seen is a reading at an age.
type seen struct {
	age time.Duration
	reading
}

func at(age time.Duration, written, acked uint64, retransmits uint8) seen {
	return seen{age, reading{written: written, acked: acked, retransmits: retransmits}}
}

func closedAt(age time.Duration, written, acked uint64) seen {
	return seen{age, reading{written: written, acked: acked, closed: true}}
}

// follow feeds readings until a judgement is final.
func follow(all []seen) (heartbeat.Proof, time.Duration) {
	t := trace{before: 1000}
	for _, s := range all {
		if p, over := t.see(s.reading, s.age, window); over {
			return p, s.age
		}
	}
	return 99, 0
}

func TestAnAnswerIsJudgedByWhatWasAcknowledged(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []seen
		want heartbeat.Proof
		when time.Duration
	}{
		{"acknowledged at once", []seen{at(0, 1200, 1200, 0), at(window, 1200, 1200, 0)}, heartbeat.Acked, window},
		{"acknowledged after two time-outs", []seen{at(0, 1200, 1000, 0), at(6*second, 1200, 1000, 2), at(25*second, 1200, 1200, 0), at(window, 1200, 1200, 0)}, heartbeat.Acked, window},
		{"never acknowledged", []seen{at(0, 1200, 1000, 0), at(25*second, 1200, 1000, 6), at(window, 1200, 1000, 7)}, heartbeat.Lost, window},
		{"a slow path, one time-out so far", []seen{at(0, 1200, 1000, 0), at(window, 1200, 1000, 1)}, heartbeat.Unknown, window},
		{"the device does not read, and its window is shut", []seen{at(0, 1200, 1000, 0), at(window, 1200, 1000, 0)}, heartbeat.Unknown, window},
		{"a part arrived, then nothing more", []seen{at(0, 9000, 1000, 0), at(window, 9000, 2400, 7)}, heartbeat.Unknown, window},
		{"refused with a reset, which empties the queue", []seen{at(0, 1200, 1000, 0), closedAt(second, 1200, 1000)}, heartbeat.Lost, second},
		{"reset after a part", []seen{at(0, 9000, 1000, 0), closedAt(second, 9000, 2400)}, heartbeat.Unknown, second},
		{"reset after all of it", []seen{closedAt(second, 1200, 1200), closedAt(window, 1200, 1200)}, heartbeat.Acked, window},
		{"not in the socket yet when first looked at", []seen{at(0, 1000, 1000, 0), at(second, 1200, 1000, 1), at(window, 1200, 1000, 7)}, heartbeat.Lost, window},
		{"never written", []seen{at(0, 1000, 1000, 0), at(unwritten, 1000, 1000, 0)}, heartbeat.Unknown, unwritten},
		{"closed before it was written", []seen{at(0, 1000, 1000, 0), closedAt(second, 1000, 1000)}, heartbeat.Unknown, second},
		{"another answer follows and is not acknowledged", []seen{at(0, 1200, 1000, 0), at(second, 1500, 1200, 0), at(window, 1500, 1200, 7)}, heartbeat.Acked, window},
	} {
		t.Run(c.name, func(t *testing.T) {
			if p, when := follow(c.all); p != c.want || when != c.when {
				t.Errorf("%v after %v, want %v after %v", p, when, c.want, c.when)
			}
		})
	}
}

func TestNothingUnacknowledgedIsCalledDeliveredAndNothingAcknowledgedLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace := trace{before: 1000}
		r := reading{written: 1000, acked: uint64(rapid.IntRange(900, 1000).Draw(t, "acked before"))}
		for age := time.Duration(0); ; age += 3 * second {
			if rapid.Bool().Draw(t, "more is written") {
				r.written += uint64(rapid.IntRange(1, 300).Draw(t, "bytes"))
			}
			r.acked += uint64(rapid.IntRange(0, int(r.written-r.acked)).Draw(t, "acknowledged"))
			r.retransmits = rapid.Uint8Range(0, 8).Draw(t, "retransmits")
			r.closed = rapid.IntRange(0, 9).Draw(t, "closed") == 0
			p, over := trace.see(r, age, window)
			if over && p == heartbeat.Acked && (trace.target == 0 || r.acked < trace.target) {
				t.Fatalf("%+v is called acked with %+v", trace, r)
			}
			if over && p == heartbeat.Lost && r.acked > 1000 {
				t.Fatalf("%+v is called lost with %+v", trace, r)
			}
			if !over && age > window {
				t.Fatalf("no judgement after %v", age)
			}
			if over {
				return
			}
		}
	})
}

func TestTrafficInBetweenIsNoSilence(t *testing.T) {
	readable := func(idle time.Duration) Mark { return Mark{reading: reading{idle: idle}, readable: true} }
	for _, c := range []struct {
		name string
		a    Answer
		want bool
	}{
		{"silent all the time", Answer{Before: readable(480 * second), Held: 480 * second}, false},
		{"its own request took half a second", Answer{Before: readable(479500 * time.Millisecond), Held: 480 * second}, false},
		{"another stream spoke in between", Answer{Before: readable(200 * second), Held: 480 * second}, true},
		{"nobody knows", Answer{Held: 480 * second}, false},
	} {
		if got := c.a.stirred(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAPeerThatIsNotTheDeviceIsABalancer(t *testing.T) {
	peer := netip.MustParseAddrPort("[::ffff:198.51.100.7]:4711")
	for device, want := range map[string]bool{
		"198.51.100.7:4711": false, "[::ffff:198.51.100.7]:4711": false,
		"198.51.100.7:4712": true, "203.0.113.9:4711": true, "[2001:db8::1]:4711": true,
	} {
		m := Mark{peer: peer, readable: true}
		if got := m.balanced(netip.MustParseAddrPort(device)); got != want {
			t.Errorf("socket's peer %v, device %v: balanced %v, want %v", peer, device, got, want)
		}
	}
	if (Mark{peer: peer, readable: true}).balanced(netip.AddrPort{}) {
		t.Error("a device without an address is taken for one behind a balancer")
	}
}
