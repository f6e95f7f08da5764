package admin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

// large is an API that knows so many devices on so many networks, each with a past,
// and counts how often it reckons how a user is written and what a policy decides.
func large(t testing.TB, devices, networks int) (a *api, users, decisions *int) {
	l := newLearned()
	now := time.Now().Add(-time.Hour)
	for i := range devices {
		n := heartbeat.Network{Name: fmt.Sprintf("198.51.%d.0/24", i%networks), HTTP: 1}
		k := heartbeat.Key{Principal: fmt.Sprintf("user%d@example.com", i), Device: fmt.Sprintf("ApplDNPQ%08d", i), Type: []string{"iPhone", "SM-G991B"}[i%2]}
		for w := range 8 {
			at := now.Add(time.Duration(i%3000+w*60) * time.Second)
			l.devices.Asked(k, at, n, 900*time.Second)
			l.devices.Ended(k, at.Add(30*time.Second), heartbeat.Wait{Network: n, Asked: 900 * time.Second, Given: 900 * time.Second,
				Held: 900 * time.Second, Outcome: []heartbeat.Outcome{heartbeat.Expired, heartbeat.Changed}[w%2], Proof: heartbeat.Acked})
		}
		l.networks.Asked(now, n, 900*time.Second)
		l.networks.Observe(now, n, heartbeat.Evidence{Device: uint64(i), At: 900 * time.Second, Died: i%5 == 0})
		l.tally.Tell(began(k.Principal, now, 900*time.Second, 900*time.Second))
	}
	learned := l.learned(t)
	users, decisions = new(int), new(int)
	hash, decide := hashed(), learned.Decide
	learned.User = func(user string) string { *users++; return hash(user) }
	learned.Decide = func(asker policy.Asker) policy.Decision { *decisions++; return decide(asker) }
	return newAPI(learned), users, decisions
}

// hashed writes users as cmd does by default, at that cost.
func hashed() func(string) string {
	mac := hmac.New(sha256.New, make([]byte, 32))
	var turn sync.Mutex
	return func(user string) string {
		turn.Lock()
		defer turn.Unlock()
		mac.Reset()
		mac.Write([]byte(user))
		return hex.EncodeToString(mac.Sum(nil)[:6])
	}
}

// answers gives what one request costs in bytes of answer.
func answers(t testing.TB, h http.Handler, path string) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.Len()
}

// What a page costs goes by the page, not by the fleet: each device is passed by, and
// only those that are shown are looked at.
func TestAPageOfAFleetLooksAtItsOwnItemsOnly(t *testing.T) {
	allocations := func(h http.Handler, path string) float64 {
		return testing.AllocsPerRun(2, func() { answers(t, h, path) })
	}
	some, _, _ := large(t, 1200, 50)
	more, _, _ := large(t, 6000, 50)
	for _, path := range []string{"/api/v1/devices", "/api/v1/devices?offset=500", "/api/v1/devices?network=198.51.7.0/24&limit=20", "/api/v1/devices?sort=asked&order=desc",
		"/api/v1/devices?sort=network", "/api/v1/what-if?minutes=30", "/api/v1/networks", "/api/v1/networks?sort=limit", "/api/v1/fleet", "/api/v1/decisions"} {
		few, many := allocations(some.handler(), path), allocations(more.handler(), path)
		if many > 1.5*few+50 {
			t.Errorf("%s: %v allocations with 6,000 devices, %v with 1,200", path, many, few)
		}
	}
}

func TestAUserIsReckonedForWhatIsShownAndADecisionForEachNetworkOnce(t *testing.T) {
	a, users, decisions := large(t, 2000, 50)
	h := a.handler()
	for _, c := range []struct {
		path             string
		users, decisions int
	}{
		{"/api/v1/devices", 100, 0},
		{"/api/v1/devices?sort=given&limit=30", 30, 0},
		{"/api/v1/devices?q=iphone&limit=30", 30, 0},          // no hash has it in it
		{"/api/v1/devices?q=facade&limit=30", 30 + 2*2000, 0}, // any may, of a user or of a device
		{"/api/v1/networks?limit=10", 0, 11},
		{"/api/v1/networks?limit=10&sort=advice", 0, 11},
		{"/api/v1/what-if?minutes=30", 0, 101},
		{"/api/v1/fleet", 0, 1},
	} {
		*users, *decisions = 0, 0
		answers(t, h, c.path)
		if *users > c.users || *decisions > c.decisions {
			t.Errorf("%s: %d users and %d decisions, at most %d and %d are needed", c.path, *users, *decisions, c.users, c.decisions)
		}
	}
}

func TestNotMoreThanAFewLookAtAllDevicesAtOnce(t *testing.T) {
	a, _, _ := large(t, 1, 1)
	begun, end := make(chan struct{}), make(chan struct{})
	long := a.looking(func(http.ResponseWriter, *http.Request) { begun <- struct{}{}; <-end })
	defer close(end)
	for range mostLooks {
		go long(nil, httptest.NewRequest("GET", "/", nil))
		<-begun
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/api/v1/devices", nil)
	asked, gone := withCancel(r)
	answered := make(chan struct{})
	go func() {
		a.handler().ServeHTTP(w, asked)
		close(answered)
	}()
	gone() // whoever asked has gone while waiting for a turn
	<-answered
	if w.Body.Len() != 0 {
		t.Errorf("answered: %s", w.Body)
	}
	end <- struct{}{}
	answers(t, a.handler(), "/api/v1/devices")
}

func BenchmarkAnswers(b *testing.B) {
	a, _, _ := large(b, 50_000, 500)
	h := a.handler()
	page := decodePage(b, h)
	for _, path := range []string{"fleet", "networks", "networks?sort=limit&limit=500", "networks/198.51.7.0/24?http=1", "devices", "devices?limit=1000", "devices?q=user4999", "devices?q=facade",
		"devices?q=nobody-has-this", "devices?sort=user&offset=40000", "devices?sort=asked&order=desc", "devices/" + page, "what-if?minutes=30",
		"what-if?minutes=30&network=198.51.7.0/24", "decisions?limit=512"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				answers(b, h, "/api/v1/"+path)
			}
		})
	}
}

func withCancel(r *http.Request) (*http.Request, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	return r.WithContext(ctx), cancel
}

// decodePage is the id of a device.
func decodePage(t testing.TB, h http.Handler) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/devices?limit=1", nil))
	var page DevicesPage
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Devices) != 1 {
		t.Fatalf("%v, %+v", err, page)
	}
	return page.Devices[0].ID
}
