package heartbeat_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

func TestEvent1040IsRaisedAsExchangeDoes(t *testing.T) {
	for _, c := range []struct {
		name  string
		first time.Duration // asked 200 times
		then  time.Duration // asked so often more
		more  int
		mean  time.Duration
		alarm bool
	}{
		{"at the threshold", 540 * time.Second, 0, 0, 540 * time.Second, true},
		{"above", 541 * time.Second, 0, 0, 541 * time.Second, false},
		{"half the sample is new", 480 * time.Second, 900 * time.Second, 100, 690 * time.Second, false},
		{"the old ones are forgotten", 900 * time.Second, 480 * time.Second, 200, 480 * time.Second, true},
	} {
		networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{})
		for range 200 {
			if a := networks.Advise(morning, office); a.Event1040 {
				t.Fatalf("%s: alarm before the sample is full", c.name)
			}
			networks.Asked(morning, office, c.first)
		}
		for range c.more {
			networks.Asked(morning, office, c.then)
		}
		if a := networks.Advise(morning, office); a.MeanAsked != c.mean || a.Event1040 != c.alarm {
			t.Errorf("%s: mean %v, alarm %t; want %v, %t", c.name, a.MeanAsked, a.Event1040, c.mean, c.alarm)
		}
	}
}

func TestTheNetworkOfAnAddress(t *testing.T) {
	for _, c := range []struct {
		addr, name string
		http2      bool
		want       heartbeat.Network
	}{
		{"198.51.100.77", "", false, heartbeat.Network{Name: "198.51.100.0/24", HTTP: 1}},
		{"198.51.100.77", "", true, heartbeat.Network{Name: "198.51.100.0/24", HTTP: 2}},
		{"198.51.100.77", "carrier-x", false, heartbeat.Network{Name: "carrier-x", HTTP: 1}},
		{"::ffff:198.51.100.77", "", false, heartbeat.Network{Name: "198.51.100.0/24", HTTP: 1}},
		{"2001:db8:1:2::3", "", false, heartbeat.Network{Name: "2001:db8:1::/48", HTTP: 1}},
		{"fe80::1%eth0", "", false, heartbeat.Network{Name: "fe80::/48", HTTP: 1}},
		{"", "", false, heartbeat.Network{Name: "unknown", HTTP: 1}},
	} {
		addr, _ := netip.ParseAddr(c.addr)
		if got := heartbeat.NetworkOf(addr, c.name, c.http2); got != c.want {
			t.Errorf("%q %q: %+v, want %+v", c.addr, c.name, got, c.want)
		}
	}
}

func TestANetworkThatIsNotKnownGetsNoAdvice(t *testing.T) {
	networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{Networks: 1})
	if a := networks.Advise(morning, office); a != (heartbeat.Advice{}) {
		t.Errorf("%+v", a)
	}
	if limit := networks.Allow(morning, office, 1, time.Hour); limit != 0 {
		t.Errorf("allowed %v", limit)
	}
	networks.Asked(morning, office, time.Minute)
	networks.Asked(morning, mobile, time.Minute)
	for n := range networks.All {
		if n != mobile {
			t.Errorf("%+v is known still, though one network is all there is room for", n)
		}
	}
}

func TestTheMarginLeavesAtLeastHalf(t *testing.T) {
	for _, c := range []struct{ margin, died, least, most time.Duration }{
		{time.Minute, 15 * time.Minute, 4 * time.Minute, 4 * time.Minute},
		{time.Hour, 15 * time.Minute, 150 * time.Second, 150 * time.Second},
	} {
		networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{Margin: c.margin})
		for device := range uint64(3) {
			networks.Observe(morning, office, heartbeat.Evidence{Device: device + 1, At: c.died, Died: true})
		}
		if a := networks.Advise(morning, office); a.Interval < c.least || a.Interval > c.most {
			t.Errorf("margin %v: %+v, want %v..%v", c.margin, a, c.least, c.most)
		}
	}
}

// A change of the configuration must not wait for the network to be heard of again.
func TestANewMarginHoldsAtOnce(t *testing.T) {
	networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{Margin: time.Minute})
	for device := range uint64(3) {
		networks.Observe(morning, office, heartbeat.Evidence{Device: device + 1, At: 15 * time.Minute, Died: true})
	}
	before := networks.Advise(morning, office).Interval
	networks.SetMargin(2 * time.Minute)
	if got := networks.Advise(morning, office).Interval; got != before-time.Minute {
		t.Errorf("advised %v, before %v", got, before)
	}
	if got := networks.Allow(morning, office, 1, before-time.Minute); got != before-time.Minute {
		t.Errorf("allowed %v, before %v", got, before)
	}
	networks.SetMargin(0)
	if got := networks.Advise(morning, office).Interval; got != before+time.Minute-heartbeat.DefaultMargin {
		t.Errorf("advised %v with the default, %v with a minute", got, before)
	}
}
