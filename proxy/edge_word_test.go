package proxy

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// What is between a device and its server is said by the server, within the safety
// interval, and in its own words: that a password is wrong, a policy has changed, a
// device is to be wiped, a folder has come.
func TestWhatHappensToADeviceItsServerTellsItItself(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(w *edgeWorld, version string)
		code    map[string]int // by version
		ping    eas.PingStatus // of code 200
		sync    eas.SyncStatus
		twice   bool // the question may be refused where the wait is not: the device's own goes up
	}{
		"another password": {func(w *edgeWorld, _ string) { w.server.SetPassword("anna", "another") },
			map[string]int{"14.1": 401, "12.1": 401}, 0, 0, false},
		"another policy": {func(w *edgeWorld, _ string) { w.server.RevokePolicies() },
			map[string]int{"14.1": 200, "12.1": 449}, 142, 142, true},
		"to be wiped": {func(w *edgeWorld, version string) { w.wipes(version) },
			map[string]int{"14.1": 200, "12.1": 449}, 140, 140, true}, // MS-ASCMD 2.2.2, Status 140
		"a new folder": {func(w *edgeWorld, _ string) { w.server.AddFolder("anna", "Projects", "Email") },
			map[string]int{"14.1": 200, "12.1": 200}, eas.PingHierarchyChanged, 12, true},
	} {
		for _, kind := range []string{"Ping", "Sync"} {
			for _, how := range []string{"estimate", byPing} {
				for version, code := range c.code {
					t.Run(name+"/"+kind+"/"+how+"/"+version, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							server := lab.ServerConfig{Users: map[string]string{"anna": "secret"}, Policy: true}
							if how == byPing {
								server.MinHeartbeat = time.Second // SOGo's; Exchange's minute is no question
							}
							w := edgeWorldOf(t, server, func(c *Config) { c.Hold.Check = how })
							got := w.heldWith(kind, version)
							c.happens(w, version)
							before := w.count(kind)
							w.passes(5*time.Minute + 2*time.Second) // and the time for one question more
							w.isToldBy(got, kind, code, c.ping, c.sync)
							if n := w.count(kind) - before; c.twice == (n == 0) && kind == "Sync" {
								t.Errorf("%d waits went up", n)
							}
						})
					})
				}
			}
		}
	}
}

// heldWith is a wait of a synced phone that shows the key of its policy, held for a
// minute.
func (w *edgeWorld) heldWith(kind, version string) <-chan reply {
	w.Helper()
	phone := w.synced("anna", "secret", version)
	key := ""
	for _, r := range w.asked {
		if shown := r.HTTP.Header.Get("X-MS-PolicyKey"); shown != "" {
			key = shown
		}
	}
	wait := w.waitOf(phone, kind, version, "X-MS-PolicyKey: "+key)
	got := w.answerTo(wait)
	w.passes(time.Minute)
	if n := len(got); n > 0 || w.server.Held() > 0 || key == "" {
		w.Fatalf("%d answers, %d waits at the server, policy key %q: the wait is not held here", n, w.server.Held(), key)
	}
	return got
}

// wipes is an administrator who has the device wiped: whatever it asks, it is told to
// ask for its policy, where that stands (MS-ASPROV 3.1.5.1.2.2).
func (w *edgeWorld) wipes(version string) {
	fault := lab.Fault{Kind: lab.FaultStatus, Code: 140, Match: func(r *lab.Request) bool { return r.Command != "Provision" }}
	if version == "12.1" {
		fault.Kind, fault.Code, fault.Header = lab.FaultHTTP, 449, http.Header{"Content-Type": {"text/html"}}
	}
	w.server.Inject(fault)
}

// isToldBy reads what the phone was told.
func (w *edgeWorld) isToldBy(got <-chan reply, kind string, code int, ping eas.PingStatus, sync eas.SyncStatus) {
	w.Helper()
	select {
	case answer := <-got:
		if answer.code != code {
			w.Fatalf("the phone got %d, want %d", answer.code, code)
		}
		if code != http.StatusOK {
			return
		}
		if kind == "Ping" {
			if said, err := eas.ParsePingResponse([]byte(answer.body)); err != nil || said.Status != ping {
				w.Errorf("the phone got Status %d, %v, want %d", said.Status, err, ping)
			}
			return
		}
		if said, err := eas.ParseSyncResponse([]byte(answer.body)); err != nil || said.Status != sync {
			w.Errorf("the phone got Status %d, %v, want %d", said.Status, err, sync)
		}
	default:
		w.Error("the phone was told nothing")
	}
}

// AOSP shows no policy key with its Pings. Its server lets it wait without one, and so
// do we.
func TestAPhoneThatShowsNoPolicyKeyWaitsAtTheEdge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := edgeWorldOf(t, lab.ServerConfig{Users: map[string]string{"anna": "secret"}, Policy: true})
		anna := w.phone("anna", "secret").live()
		w.passes(4 * time.Minute)
		if w.server.Held() != 0 || w.count("Ping") != 0 || w.count("GetItemEstimate") != 1 {
			t.Errorf("%d waits at the server, %d Pings, %d estimates", w.server.Held(), w.count("Ping"), w.count("GetItemEstimate"))
		}
		w.server.RevokePolicies()
		w.deliver("anna")
		w.bell.ring("anna")
		w.passes(time.Second)
		if anna.got() != 1 {
			t.Errorf("%d mails have come with the next policy, want one", anna.got())
		}
		w.passes(time.Minute)
		if w.server.Held() != 0 {
			t.Errorf("%d waits at the server, with a new policy", w.server.Held())
		}
	})
}
