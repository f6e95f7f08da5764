package admin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

func TestOneNetworkIsShownWithItsCurveAndItsEvidence(t *testing.T) {
	l, n := newLearned(), heartbeat.Network{Name: "2001:db8:7::/48", HTTP: 2}
	thirteen(l, n)
	address := l.serve(t) + "/api/v1/networks/"
	for _, name := range []string{n.Name, url.PathEscape(n.Name)} {
		d := read[NetworkDetail](t, address+name+"?http=2")
		if d.Name != n.Name || d.HTTP != 2 || d.Threshold != 540 || d.MeanAsked != 960 || d.Advice == 0 || len(d.Survival) != 120 || len(d.Evidence) != 80 {
			t.Fatalf("%s: %+v", name, d.Network)
		}
		// Sure up to what is advised, and no more above what killed every wait.
		for _, p := range d.Survival {
			if p.Seconds <= d.Advice+30 && p.Survival < 0.95 || p.Seconds > 960 && p.Survival > 0.05 {
				t.Errorf("%+v, advice %v", p, d.Advice)
			}
		}
		if e := d.Evidence[0]; !e.Survived || e.Seconds != 750 {
			t.Errorf("%+v", e)
		}
		if e := d.Evidence[79]; e.Survived || e.Seconds != 960 {
			t.Errorf("%+v", e)
		}
	}
	for path, status := range map[string]int{n.Name: 404, n.Name + "?http=1": 404, "nowhere": 404, n.Name + "?http=3": 400, n.Name + "?http=two": 400} {
		if a := ask(t, "GET", address+path); a.status != status {
			t.Errorf("%s: %+v", path, a)
		}
	}
}

// one is the first device of the list.
func one(t *testing.T, address string) Device {
	t.Helper()
	page := read[DevicesPage](t, address+"/api/v1/devices?limit=1")
	if len(page.Devices) != 1 {
		t.Fatalf("%+v", page)
	}
	return page.Devices[0]
}

func TestOneDeviceIsShownWithItsDecisionAndItsWaitsPageByPage(t *testing.T) {
	l, n := newLearned(), heartbeat.Network{Name: "carrier-x", HTTP: 1}
	k := heartbeat.Key{Principal: "anna", Device: "d1", Type: "iPad"}
	l.devices.Asked(k, start, n, 900*time.Second)
	l.spec.Networks = []policy.NetworkSpec{{Name: "carrier-x", Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}}
	l.spec.Rules = []policy.RuleSpec{{Name: "tablets", Match: policy.Match{DeviceType: []string{"iPad"}}, Max: 10 * time.Minute}}
	learned := l.learned(t)
	learned.Waits = func(_ context.Context, of heartbeat.Key, before time.Time, limit int) (past []PastWait, err error) {
		if of != k {
			t.Errorf("waits of %v", of)
		}
		for i := range 25 { // two a second
			ended := heartbeat.Ended{When: start.Add(-time.Duration(i) * time.Second / 2), Held: time.Duration(i) * time.Second, Outcome: heartbeat.Changed}
			if ended.When.Before(before) && len(past) < limit {
				past = append(past, Past(ended, n, "ping", "tablets"))
			}
		}
		return past, nil
	}
	address := serve(t, Config{Learned: learned})
	url := address + "/api/v1/devices/" + one(t, address).ID
	d := read[DeviceDetail](t, url)
	if d.Device.Device != "d1" || d.Decision.Rule != "tablets" || d.Decision.Max != 600 || d.Decision.Kept != 570 || len(d.Past) != 25 || d.Before != "" ||
		d.Past[0].Rule != "tablets" || d.Past[0].Network != "carrier-x" || d.Past[0].Kind != "ping" {
		t.Fatalf("%+v", d)
	}
	var held []string
	for before := ""; ; {
		d := read[DeviceDetail](t, url+"?limit=10&before="+before)
		for _, w := range d.Past {
			held = append(held, fmt.Sprint(w.Held))
		}
		if before = d.Before; before == "" {
			break
		}
	}
	if got, want := strings.Join(held, " "), "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24"; got != want {
		t.Errorf("page by page: %s", got)
	}
	for query, status := range map[string]int{"?limit=1001": 400, "?before=yesterday": 400, "?limit=0": 400} {
		if a := ask(t, "GET", url+query); a.status != status {
			t.Errorf("%s: %+v", query, a)
		}
	}
	learned.Waits = func(context.Context, heartbeat.Key, time.Time, int) ([]PastWait, error) {
		return nil, errors.New("the disk is gone")
	}
	if a := ask(t, "GET", url); a.status != 500 || !strings.Contains(a.body, "the disk is gone") {
		t.Errorf("%+v", a)
	}
}

func TestWithoutAStoreADeviceShowsWhatIsRememberedWithIt(t *testing.T) {
	l := newLearned()
	k, n := heartbeat.Key{Principal: "anna", Device: "d1"}, heartbeat.Network{Name: "a", HTTP: 1}
	l.devices.Asked(k, start, n, 900*time.Second)
	for i := range 3 {
		l.devices.Ended(k, start.Add(time.Duration(i)*time.Minute), heartbeat.Wait{Network: n, Asked: 900 * time.Second, Outcome: heartbeat.Changed})
	}
	address := l.serve(t)
	d := read[DeviceDetail](t, address+"/api/v1/devices/"+one(t, address).ID+"?limit=2")
	if len(d.Past) != 2 || d.Past[0].Ended != "2026-03-02T08:02:00.000Z" || d.Before != d.Past[1].Ended {
		t.Errorf("%+v", d)
	}
}

func TestAnIDIsGoodUnderItsSecretOnlyAndSaysNothing(t *testing.T) {
	one, other := newSeal([32]byte{1}), newSeal([32]byte{2})
	seen := map[string]bool{}
	for number := range uint64(1000) {
		id := one.id(number)
		if back, ok := one.open(id); !ok || back != number || len(id) != 32 || seen[id] {
			t.Fatalf("%d: %s is %d %t", number, id, back, ok)
		}
		seen[id] = true
		if _, ok := other.open(id); ok {
			t.Errorf("another secret takes %s", id)
		}
	}
	for _, id := range []string{"", "0", strings.Repeat("0", 32), strings.Repeat("0", 64), "not hexadecimal at all, not at all"} {
		if _, ok := one.open(id); ok {
			t.Errorf("%q is taken", id)
		}
	}
	if a := ask(t, "GET", newLearned().serve(t)+"/api/v1/devices/"+one.id(1)); a.status != 404 {
		t.Errorf("%+v", a)
	}
}

func TestWhoisFindsHowAUserIsWrittenAndWhatDevicesThereAre(t *testing.T) {
	l := fleet()
	learned := l.learned(t)
	learned.Spellings = func(user string) []string { return []string{user, strings.ToLower(user)} }
	for i := range MaxItems + 1 {
		l.devices.Asked(heartbeat.Key{Principal: "many", Device: fmt.Sprint(i)}, start, heartbeat.Network{Name: "a", HTTP: 1}, time.Minute)
	}
	address := serve(t, Config{Learned: learned}) + "/api/v1/whois"
	for user, want := range map[string]struct {
		shown   string
		devices int
		more    bool
	}{"USER77@example.com": {"[e0e55 e0e75]", 1, false}, "nobody": {"[e0e6e]", 0, false}, "many": {"[e0e6d]", MaxItems, true}} {
		a := post(t, address, `{"user":"`+user+`"}`, asJSON)
		got := decode[Whois](t, a)
		if a.status != 200 || got.User != user || fmt.Sprint(got.Shown) != want.shown || len(got.Devices) != want.devices || got.More != want.more {
			t.Errorf("%s: %d, %d devices, %+v", user, a.status, len(got.Devices), got.Shown)
		}
	}
	for body, status := range map[string]int{`{"user":""}`: 400, `{"name":"anna"}`: 400} {
		if a := post(t, address, body, asJSON); a.status != status {
			t.Errorf("%s: %+v", body, a)
		}
	}
	if a := post(t, address, `{"user":"anna"}`, "Content-Type: text/plain"); a.status != 415 {
		t.Errorf("%+v", a)
	}
}

func TestWhatIsNotThereIsAProblemWithAWayOut(t *testing.T) {
	address := newLearned().serve(t)
	for _, c := range []struct {
		method, path, allow, remedy string
		status                      int
	}{
		{"GET", "/api/v1/nothing", "", "GET /api/v1/openapi.yaml lists what there is", 404},
		{"GET", "/api/", "", "GET /api/v1/openapi.yaml lists what there is", 404},
		{"DELETE", "/api/v1/devices", "GET", "use GET", 405},
		{"GET", "/api/v1/forget", "POST", "use POST", 405},
	} {
		a := ask(t, c.method, address+c.path)
		if a.status != c.status || a.header.Get("Allow") != c.allow || !strings.Contains(a.body, `"remedy":"`+c.remedy+`"`) {
			t.Errorf("%s %s: %+v", c.method, c.path, a)
		}
	}
	if a := ask(t, "GET", address+"/api/v1/openapi.yaml"); a.body != openAPI || a.header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%d %v", a.status, a.header)
	}
	if a := ask(t, "GET", serve(t, Config{Token: token, Learned: newLearned().learned(t)})+"/api/v1/fleet"); a.status != 401 ||
		a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("without the token: %+v", a)
	}
}

func TestWithoutAStoreTheRememberedWaitsComePageByPageToo(t *testing.T) {
	l, n := newLearned(), heartbeat.Network{Name: "a", HTTP: 1}
	thrice(l, n)
	url := l.serve(t)
	url += "/api/v1/devices/" + one(t, url).ID + "?limit=1"
	pages := 1
	first := read[DeviceDetail](t, url)
	if len(first.Past) != 1 || first.Before == "" {
		t.Fatalf("%+v", first)
	}
	ended := first.Past[0].Ended
	for before := first.Before; before != ""; {
		next := read[DeviceDetail](t, url+"&before="+before)
		if len(next.Past) != 1 || next.Past[0].Ended >= ended {
			t.Fatalf("%+v after %s", next.Past, ended)
		}
		ended, before, pages = next.Past[0].Ended, next.Before, pages+1
	}
	if pages != 3 {
		t.Errorf("%d pages of three waits", pages)
	}
}

// thrice has a device wait three times, of which a page of one shows one.
func thrice(l *learnedBy, n heartbeat.Network) {
	k, at := heartbeat.Key{Principal: "anna", Device: "d"}, time.Now().Add(-time.Hour)
	for range 3 {
		l.devices.Asked(k, at, n, 8*time.Minute)
		at = at.Add(8 * time.Minute)
		l.devices.Ended(k, at, heartbeat.Wait{Network: n, Asked: 8 * time.Minute, Given: 8 * time.Minute, Held: 8 * time.Minute, Outcome: heartbeat.Expired})
	}
}
