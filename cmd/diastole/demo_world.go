package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/policy"
)

// demoScale is how many times faster the demo's phones live.
const demoScale = 60

// demoLate is how late a firewall looks at its table, in our time. Without it a wait as long as the limit would be a
// race, and what is seen of the limit would contradict itself.
const demoLate = 150 * time.Millisecond

// demoNetworks are the three ways to the proxy. Times are the phones'.
var demoNetworks = []struct {
	name string
	idle time.Duration
	from string // the address that the proxy sees: one for all behind a NAT
}{
	{"carrier-east", 12*time.Minute + 30*time.Second, "127.0.11.1"},
	{"carrier-west", 20 * time.Minute, "127.0.12.1"},
	{"guest-wifi", 6 * time.Minute, "127.0.13.1"},
}

// demoPhones are who lives there; network counts from 0.
var demoPhones = []struct {
	user    string
	network int
	phone   lab.PhoneConfig
}{
	{"anna", 0, lab.PhoneConfig{Ladder: lab.DirectPush()}},
	{"bert", 0, lab.PhoneConfig{Ladder: lab.AOSP()}},
	{"carla", 0, lab.PhoneConfig{Ladder: lab.AOSP(), EmptyPing: true}},
	{"dora", 0, lab.PhoneConfig{Ladder: lab.WindowsMobile(), Base64: true, DeviceType: "WP8"}},
	{"emil", 1, lab.PhoneConfig{Ladder: lab.DirectPush()}},
	{"fritz", 1, lab.PhoneConfig{Ladder: lab.AOSP()}},
	{"gina", 1, lab.PhoneConfig{Ladder: lab.WindowsMobile()}},
	{"hans", 1, lab.PhoneConfig{Ladder: lab.DirectPush(), HangingSync: true}},
	{"ida", 2, lab.PhoneConfig{Ladder: lab.Fixed(3 * time.Minute), ClosePing: true}},
	{"jan", 2, lab.PhoneConfig{Ladder: lab.AOSP()}},
	{"kim", 2, lab.PhoneConfig{Ladder: lab.DirectPush()}},
	{"lena", 2, lab.PhoneConfig{Ladder: lab.AOSPICS(), EmptyPing: true}},
}

// demoConfig is what an operator would have written who knows these networks by name.
func demoConfig(from settings) (*config.Config, error) {
	cfg, err := from.load()
	if err != nil {
		return nil, err
	}
	cfg.Policy.Learn = policy.LearnEnforce // otherwise it would only be shown what could be done
	for _, n := range demoNetworks {
		nat := netip.PrefixFrom(netip.MustParseAddr(n.from), 32)
		cfg.Policy.Networks = append(cfg.Policy.Networks, policy.NetworkSpec{Name: n.name, Prefixes: []netip.Prefix{nat}})
	}
	cfg.Log.Users = "plain" // nobody here has anything to hide, and the table has their names too
	return cfg, nil
}

// learned says in words what the proxy has found out about a network so far.
func (s *scene) learned(i int) string {
	known := s.daemon.learned.networks.Advise(s.daemon.clock.Now(), heartbeat.Network{Name: demoNetworks[i].name, HTTP: 1})
	if known.Interval == 0 {
		return "nothing learned yet"
	}
	return fmt.Sprintf("learned: about %s, waits are kept at %s", span(known.Limit), span(known.Interval))
}
