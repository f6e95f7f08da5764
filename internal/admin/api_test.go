package admin

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// learnedBy is a Learned with devices and networks that a test fills.
type learnedBy struct {
	devices  *heartbeat.Tracker
	networks *heartbeat.Networks
	spec     policy.Spec
	forget   func(user string) (Forgotten, error)
	tally    *Tally
	standing Standing
}

func newLearned() *learnedBy {
	return &learnedBy{
		devices:  heartbeat.NewTracker(heartbeat.TrackerConfig{}),
		networks: heartbeat.NewNetworks(heartbeat.NetworksConfig{}),
		spec:     policy.Spec{Margin: 30 * time.Second, Learn: policy.LearnObserve},
		tally:    NewTally(start),
	}
}

func (l *learnedBy) serve(t *testing.T) string {
	t.Helper()
	return serve(t, Config{Learned: l.learned(t)})
}

func (l *learnedBy) learned(t testing.TB) *Learned {
	t.Helper()
	rules, err := policy.Compile(l.spec)
	if err != nil {
		t.Fatal(err)
	}
	return &Learned{
		Devices:  l.devices,
		Networks: l.networks,
		Tally:    l.tally,
		Standing: func() Standing { return l.standing },
		Decide:   rules.Decide,
		User:     func(name string) string { return fmt.Sprintf("e0e%x", name[:1]) },
		Forget:   l.forget,
	}
}

// read gets a path of the API as a value of type T.
func read[T any](t *testing.T, url string) (page T) {
	t.Helper()
	a := ask(t, "GET", url)
	if a.status != 200 || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %+v", url, a)
	}
	return decode[T](t, a)
}

func decode[T any](t *testing.T, a answer) (page T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &page); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return page
}

func TestADeviceIsShownWithAllThatIsKnownOfIt(t *testing.T) {
	l := newLearned()
	k, n := heartbeat.Key{Principal: "anna@example.com", Device: "appl1", Type: "iPhone"}, heartbeat.Network{Name: "carrier-x", HTTP: 1}
	l.devices.Asked(k, start, n, 900*time.Second)
	l.devices.Ended(k, start.Add(750*time.Second), heartbeat.Wait{Network: n, Asked: 900 * time.Second, Given: 750 * time.Second,
		Held: 750 * time.Second, Outcome: heartbeat.Expired, Proof: heartbeat.Acked})
	l.devices.Asked(k, start.Add(751*time.Second), n, 900*time.Second)
	a := ask(t, "GET", l.serve(t)+"/api/v1/devices")
	id := regexp.MustCompile(`"id":"([0-9a-f]{32})"`).FindStringSubmatch(a.body)
	if id == nil {
		t.Fatalf("no id in %s", a.body)
	}
	want := `{"offset":0,"limit":100,"total":1,"more":false,"devices":[{"id":"` + id[1] + `","user":"e0e61","device":"appl1","device_type":"iPhone",` +
		`"network":"carrier-x","http":1,"asked_seconds":900,"given_seconds":750,"last_good_seconds":900,` +
		`"ladder":"","state":"settled at 15 min","deaf":false,"seen":"2026-03-02T08:12:31Z",` +
		`"waits":[{"ended":"2026-03-02T08:12:30Z","asked_seconds":900,"given_seconds":750,"held_seconds":750,"outcome":"expired","proof":"acked"}]}]}` + "\n"
	if a.status != 200 || a.header.Get("Content-Type") != "application/json" || a.body != want {
		t.Errorf("got  %d %s %swant %s", a.status, a.header.Get("Content-Type"), a.body, want)
	}
}

// fleet is 2,500 devices; number 2,499 was heard of last.
func fleet() *learnedBy {
	l := newLearned()
	for i := range 2500 {
		k := heartbeat.Key{Principal: fmt.Sprintf("user%d@example.com", i), Device: fmt.Sprintf("dev%d", i), Type: []string{"iPhone", "SM-G991B"}[i%2]}
		l.devices.Asked(k, start.Add(time.Duration(i)*time.Second), heartbeat.NetworkOf(netip.MustParseAddr("192.0.2.1"), "", false), 480*time.Second)
	}
	return l
}

func TestDevicesComeInPagesNewestFirst(t *testing.T) {
	address := fleet().serve(t) + "/api/v1/devices"
	for _, c := range []struct {
		query       string
		shown       int
		first, last string
		more        bool
	}{
		{"", 100, "dev2499", "dev2400", true},
		{"?limit=3", 3, "dev2499", "dev2497", true},
		{"?limit=3&offset=2498", 2, "dev1", "dev0", false},
		{"?limit=2&offset=2498", 2, "dev1", "dev0", false},
		{"?limit=1000000", MaxItems, "dev2499", "dev1500", true},
		{"?limit=4611686018427387903&offset=1000000", 0, "", "", false},
		{"?sort=seen&order=asc&limit=2", 2, "dev0", "dev1", true},
		{"?sort=seen&order=desc&limit=2", 2, "dev2499", "dev2498", true},
		{"?sort=device&limit=3&offset=2", 3, "dev10", "dev1000", true},
		{"?sort=device&order=desc&limit=2", 2, "dev999", "dev998", true},
		{"?sort=type&limit=2&q=dev77", 2, "dev779", "dev777", true}, // equals: the one heard of last first
		{"?network=192.0.2.0/24&http=1&limit=1", 1, "dev2499", "dev2499", true},
		{"?network=192.0.2.0/24&http=2", 0, "", "", false},
		{"?network=elsewhere", 0, "", "", false},
		{"?q=dev77", 11, "dev779", "dev77", false},
		{"?q=DEV77&offset=10", 1, "dev77", "dev77", false},
		{"?q=sm-g&limit=1", 1, "dev2499", "dev2499", true},
		{"?q=user1234@", 1, "dev1234", "dev1234", false}, // the plain name finds a hashed user
		{"?q=E0E75&limit=1", 1, "dev2499", "dev2499", true},
		{"?q=nobody", 0, "", "", false},
	} {
		page := read[DevicesPage](t, address+c.query)
		if len(page.Devices) != c.shown || page.More != c.more {
			t.Errorf("%s: %d devices, more %t; want %d, %t", c.query, len(page.Devices), page.More, c.shown, c.more)
			continue
		}
		if c.shown > 0 && (page.Devices[0].Device != c.first || page.Devices[c.shown-1].Device != c.last) {
			t.Errorf("%s: %s to %s, want %s to %s", c.query, page.Devices[0].Device, page.Devices[c.shown-1].Device, c.first, c.last)
		}
	}
}

func TestAPageThatMakesNoSenseIsRefusedWithTheReason(t *testing.T) {
	address := newLearned().serve(t)
	for query, want := range map[string]string{
		"limit=0": "limit must be a whole number from 1", "limit=ten": "limit must be a whole number from 1",
		"offset=-1": "offset must be a whole number from 0 to 1000000", "q=" + strings.Repeat("a", 257): "q must not be longer than 256 bytes",
		"sort=passwords": `sort must not be \"passwords\"`, "sort=seen&order=up": `order must not be \"up\"`,
	} {
		for _, path := range []string{"/api/v1/devices?", "/api/v1/networks?"} {
			a := ask(t, "GET", address+path+query)
			if a.status != 400 || a.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(a.body, `"status":400,"detail":"`+want+`","remedy":"`) {
				t.Errorf("%s%s: %+v", path, query, a)
			}
		}
	}
}

func TestWithoutAnythingKnownListsAreEmptyAndNotNull(t *testing.T) {
	address := newLearned().serve(t)
	if a := ask(t, "GET", address+"/api/v1/devices"); a.body != `{"offset":0,"limit":100,"total":0,"more":false,"devices":[]}`+"\n" {
		t.Errorf("devices: %s", a.body)
	}
	want := `{"offset":0,"limit":100,"total":0,"more":false,"policy":{"mode":"enforce","learn":"observe","firewall_idle_seconds":0,"margin_seconds":30},"networks":[]}` + "\n"
	if a := ask(t, "GET", address+"/api/v1/networks"); a.body != want {
		t.Errorf("networks: %s", a.body)
	}
	if a := ask(t, "POST", address+"/api/v1/networks"); a.status != 405 {
		t.Errorf("POST: %d", a.status)
	}
	if a := ask(t, "GET", serve(t, Config{})+"/api/v1/devices"); a.status != 404 {
		t.Errorf("without anything learned: %d", a.status)
	}
}

func TestTheAPIIsBehindTheTokenToo(t *testing.T) {
	address := serve(t, Config{Token: token, Learned: &Learned{}})
	for _, path := range []string{"/api/v1/devices", "/api/v1/networks"} {
		if a := ask(t, "GET", address+path); a.status != 401 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := ask(t, "GET", address+"/", "Authorization: Bearer "+token); !strings.Contains(a.body, `href="/api/v1/devices"`) {
		t.Errorf("the first page does not name it: %s", a.body)
	}
}

// thirteen lets four devices find out within an hour that a network forgets after
// 13 minutes.
func thirteen(l *learnedBy, n heartbeat.Network) {
	began := time.Now().Add(-time.Hour)
	for i := range 40 {
		now, device := began.Add(time.Duration(i)*time.Minute), uint64(i%4+1)
		l.networks.Asked(now, n, 16*time.Minute)
		l.networks.Observe(now, n, heartbeat.Evidence{Device: device, At: 12*time.Minute + 30*time.Second})
		l.networks.Observe(now, n, heartbeat.Evidence{Device: device, At: 16 * time.Minute, Died: true})
	}
}

func TestANetworkIsShownWithItsEvidenceAndWhatIsDoneAboutIt(t *testing.T) {
	x, y := heartbeat.Network{Name: "carrier-x", HTTP: 1}, heartbeat.Network{Name: "198.51.100.0/24", HTTP: 2}
	l := newLearned()
	l.spec.FirewallIdle = 30 * time.Minute
	l.spec.Networks = []policy.NetworkSpec{{Name: "carrier-x", Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}}
	l.spec.Rules = []policy.RuleSpec{
		{Name: "tablets", Match: policy.Match{DeviceType: []string{"iPad"}}, Max: 5 * time.Minute},
		{Name: "slow", Match: policy.Match{Network: []string{"carrier-x"}}, Max: 20 * time.Minute},
	}
	thirteen(l, x)
	l.networks.Asked(time.Now(), y, 8*time.Minute)
	page := read[NetworksPage](t, l.serve(t)+"/api/v1/networks")
	if len(page.Networks) != 2 || page.Policy != (Policy{"enforce", "observe", 1800, 30}) {
		t.Fatalf("got %+v", page)
	}
	got := page.Networks[1]
	a := l.networks.Advise(time.Now(), x)
	if a.Interval == 0 || got.Advice != a.Interval.Seconds() || got.Survived != 40 || got.Died != 40 || got.Devices != 4 || got.MeanAsked != 960 {
		t.Errorf("evidence %+v, advice %+v", got, a)
	}
	if got.Low > 780 || got.High < 780 || got.Limit < got.Low || got.Limit > got.High || got.Event1040 {
		t.Errorf("the limit: %+v", got)
	}
	// What is learned is only observed here; the rule holds already.
	if got.Rule != "slow" || got.Kept != 1170 || got.Would != got.Advice {
		t.Errorf("what is done: %+v", got)
	}
	want := Network{Name: "198.51.100.0/24", HTTP: 2, Other: page.Networks[0].Other, Limit: page.Networks[0].Limit, Low: page.Networks[0].Low,
		High: page.Networks[0].High, Rule: "default", Kept: 1770, Would: 1770, MeanAsked: 480}
	if !reflect.DeepEqual(page.Networks[0], want) {
		t.Errorf("got %+v, want %+v", page.Networks[0], want)
	}
	found := read[NetworksPage](t, l.serve(t)+"/api/v1/networks?limit=1&q="+url.QueryEscape("CARRIER"))
	if len(found.Networks) != 1 || found.Networks[0].Name != "carrier-x" || found.More {
		t.Errorf("searched: %+v", found)
	}
}
