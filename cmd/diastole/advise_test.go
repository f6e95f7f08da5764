package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/admin"
	"github.com/diastole/diastole/internal/store"
)

// knownFile is a state file of somebody whose phones have found out that carrier-x
// and a nameless network forget after 13 minutes.
func knownFile(t *testing.T, path string) {
	t.Helper()
	s, err := store.Open(store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	known := heartbeat.NewNetworks(heartbeat.NetworksConfig{})
	for _, n := range []heartbeat.Network{{Name: "carrier-x", HTTP: 1}, {Name: "198.51.100.0/24", HTTP: 1}} {
		began := time.Now().Add(-4 * time.Hour)
		for i := range 200 {
			now, device := began.Add(time.Duration(i)*time.Minute), uint64(i%20+1)
			known.Asked(now, n, 8*time.Minute)
			known.Observe(now, n, heartbeat.Evidence{Device: device, At: 13 * time.Minute})
			known.Observe(now, n, heartbeat.Evidence{Device: device, At: 13*time.Minute + 30*time.Second, Died: true})
		}
		snapshot, _ := known.Snapshot(n)
		s.PutNetwork(snapshot)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// startKnowing starts serve with that file and more configuration.
func startKnowing(t *testing.T, policy string) *process {
	t.Helper()
	config := configFile(t, "http://127.0.0.1:1", "state: {path: state.db}\npolicy:\n  networks: [{name: carrier-x, prefixes: [203.0.113.0/24]}]\n"+policy)
	knownFile(t, filepath.Join(filepath.Dir(config), "state.db"))
	return start(t, "--config", config)
}

func TestAdviseSaysWhatANetworkSurvivesAndWhatIsDone(t *testing.T) {
	p := startKnowing(t, "  learn: enforce\n")
	out := p.says("advise", "carrier")
	for _, want := range []string{
		"policy: mode enforce, learn enforce, firewall_idle not known, margin 30s\n\nNETWORK ",
		"carrier-x forgets after about 13m: waits are kept at 12m30s; Exchange would raise event 1040, as phones ask for 8m on average.\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	if got := lineOf(t, out, "carrier-x"); !starts(got, "carrier-x", "1") || got[len(got)-3] != "12m30s" || got[len(got)-2] != "8m" || got[len(got)-1] != "yes" {
		t.Errorf("got %v", got)
	}
}

func TestAdviseSaysWhatWouldBeDone(t *testing.T) {
	out := startKnowing(t, "").says("advise")
	for _, network := range []string{"carrier-x", "198.51.100.0/24"} {
		want := network + " forgets after about 13m: waits would be kept at 12m30s, but nothing is done; set policy.learn: enforce;"
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
}

func TestMetricsShowConfiguredNetworksAndNoAddress(t *testing.T) {
	p := startKnowing(t, "")
	metrics := get(t, "http://"+p.address("admin")+"/metrics").body
	for _, want := range []string{
		`diastole_network_advice_seconds{http="1",network="carrier-x"} 750`,
		`diastole_network_asked_mean_seconds{http="1",network="carrier-x"} 480`,
		`diastole_network_event1040{http="1",network="carrier-x"} 1`,
		`diastole_network_evidence_total{http="1",network="carrier-x",told="died"} 200`,
		`diastole_network_evidence_total{http="1",network="carrier-x",told="survived"} 200`,
		`diastole_network_limit_seconds{http="1",network="carrier-x"} `,
		"diastole_devices_followed 0",
		"diastole_store_failing 0",
	} {
		if !strings.Contains(metrics, "\n"+want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(metrics, "198.51.100") {
		t.Error("a network without a name is in the metrics")
	}
}

func TestWhoeverCannotBeAskedIsNamedWithTheWayOut(t *testing.T) {
	dir := t.TempDir()
	token, wrong, odd := filepath.Join(dir, "token"), filepath.Join(dir, "wrong"), filepath.Join(dir, "odd")
	for file, text := range map[string]string{token: "0123456789abcdef\n", wrong: "fedcba9876543210", odd: "a\nb"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, other := newLab(t)
	p := start(t, "--config", configFile(t, other, "admin: {listen: 127.0.0.1:0, token_file: "+token+"}\n"))
	url := "http://" + p.address("admin")
	for _, command := range []string{"devices", "advise"} {
		for args, want := range map[string]string{
			"--admin " + url: url + " wants a token: give --token-file FILE, the file of its admin.token_file",
			"--admin " + url + " --token-file " + wrong:      url + " does not take the token in " + wrong + ": it must be that of its admin.token_file, which is read when it starts",
			"--admin " + url + " --token-file " + odd:        "the token in " + odd + " has characters that no token has",
			"--admin " + url + " --token-file /no/such":      "--token-file: open /no/such: no such file or directory; give the file of its admin.token_file",
			"--admin http://127.0.0.1:1/":                    "nobody listens at http://127.0.0.1:1; is diastole running there, and is this its admin.listen? Otherwise give --admin URL",
			"--admin " + other:                               other + " answers, but is not the admin listener of a diastole of this version",
			"--admin https" + url[4:]:                        "https" + url[4:] + " speaks no TLS; write http:// in --admin, on loopback or through ssh -L",
			"--admin http://%zz":                             "--admin http://%zz is no URL; write for example http://127.0.0.1:9180",
			"--admin " + url + "/nope --token-file " + token: url + "/nope answers, but is not the admin listener of a diastole of this version",
		} {
			runProgram(t, "", append([]string{command}, strings.Fields(args)...)...).is(t, outcome{exitError, "", "diastole: " + want + "\n"})
		}
		if o := runProgram(t, "", command, "--admin", url, "--token-file", token); o.code != exitOK {
			t.Errorf("with the token: %+v", o)
		}
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
}

func TestEveryNetworkHasASentence(t *testing.T) {
	enforce, observe := admin.Policy{Mode: "enforce", Learn: "enforce"}, admin.Policy{Mode: "enforce", Learn: "observe"}
	only := admin.Policy{Mode: "observe", Learn: "enforce"}
	for _, c := range []struct {
		name string
		n    admin.Network
		p    admin.Policy
		want string
	}{
		{"nothing", admin.Network{}, enforce, "has shown nothing yet: not enough evidence"},
		{"only survived", admin.Network{Survived: 1}, enforce, "has lost none of 1 wait: nothing speaks against longer ones"},
		{"only survived, clamped", admin.Network{Survived: 9, Kept: 1770, Rule: "default"}, enforce,
			"has lost none of 9 waits: nothing speaks against longer ones; waits are kept at 29m30s by policy.firewall_idle"},
		{"too few", admin.Network{Survived: 5, Died: 4, Devices: 2}, enforce,
			"has lost 4 waits, of 2 of the 3 devices that are needed lately: not enough evidence yet"},
		{"lost at random", admin.Network{Survived: 95, Died: 5, Devices: 5}, enforce,
			"loses waits (5 of 100), but not more of long ones than of short ones: no limit is to be seen"},
		{"enforced", admin.Network{Limit: 780, Advice: 750, Kept: 750, Would: 750}, enforce, "forgets after about 13m: waits are kept at 12m30s"},
		{"observed", admin.Network{Limit: 780, Advice: 750, Would: 750}, observe,
			"forgets after about 13m: waits would be kept at 12m30s, but nothing is done; set policy.learn: enforce"},
		{"mode observe", admin.Network{Limit: 780, Advice: 750, Would: 750}, only,
			"forgets after about 13m: waits would be kept at 12m30s, but nothing is done; set policy.mode: enforce"},
		{"the firewall's limit is too high", admin.Network{Limit: 780, Advice: 750, Kept: 1770, Would: 750, Rule: "default"}, observe,
			"forgets after about 13m: waits should be kept at 12m30s, but policy.firewall_idle allows 29m30s; set policy.learn: enforce"},
		{"a rule is lower", admin.Network{Limit: 780, Advice: 750, Kept: 450, Would: 450, Rule: "slow"}, enforce,
			"forgets after about 13m: waits are kept at 7m30s by the rule slow, so it does not matter; 12m30s would be safe here"},
		{"too short", admin.Network{Limit: 60, Advice: 30, Kept: 60, Would: 60}, enforce,
			"forgets after about 1m: no server allows waits that short, so raise its time-out; waits are kept at 1m"},
		{"event 1040", admin.Network{Survived: 300, MeanAsked: 480, Event1040: true}, enforce,
			"has lost none of 300 waits: nothing speaks against longer ones; Exchange would raise event 1040, as phones ask for 8m on average"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sentence(c.n, c.p); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestWhatPhonesCallThemselvesCannotSpoilATable(t *testing.T) {
	for cell, want := range map[string]string{
		"": "-", "iPhone": "iPhone", "\x1b[2J": `"\x1b[2J"`, "a\tb\nc": `"a\tb\nc"`,
		strings.Repeat("ä", 81): strings.Repeat("ä", 79) + "…",
	} {
		if got := shown(cell); got != want {
			t.Errorf("%q: %s, want %s", cell, got, want)
		}
	}
}
