package heartbeat_test

import (
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
)

var (
	anna   = heartbeat.Key{Principal: "anna@example.com", Device: "A1", Type: "iPhone"}
	office = heartbeat.Network{Name: "office", HTTP: 1}
	mobile = heartbeat.Network{Name: "mobile", HTTP: 1}
)

func TestWhatAnEndedWaitTells(t *testing.T) {
	const m = time.Minute
	for _, c := range []struct {
		name  string
		held  time.Duration
		end   heartbeat.Outcome
		proof heartbeat.Proof
		ok    bool
		died  bool
	}{
		{"full and acknowledged", 15 * m, heartbeat.Expired, heartbeat.Acked, true, false},
		{"full and confirmed", 15 * m, heartbeat.Expired, heartbeat.Confirmed, true, false},
		{"full and lost", 15 * m, heartbeat.Expired, heartbeat.Lost, true, true},
		{"behind a balancer", 15 * m, heartbeat.Expired, heartbeat.Unknown, false, false},
		{"mail after 4 minutes says 4 minutes", 4 * m, heartbeat.Changed, heartbeat.Acked, true, false},
		{"mail that was lost", 4 * m, heartbeat.Changed, heartbeat.Lost, true, true},
		{"early, for its real age", 7 * m, heartbeat.Early, heartbeat.Acked, true, false},
		{"a server that failed after a while answered too", 7 * m, heartbeat.UpstreamFault, heartbeat.Acked, true, false},
		{"drained", 7 * m, heartbeat.Drained, heartbeat.Acked, true, false},
		{"refused at once", 0, heartbeat.Refused, heartbeat.Acked, false, false},
		{"mail at once", 29 * time.Second, heartbeat.Changed, heartbeat.Lost, false, false},
		{"the phone left", 7 * m, heartbeat.Left, heartbeat.Acked, false, false},
		{"reset, and nothing asked yet", 7 * m, heartbeat.Reset, heartbeat.Unknown, false, false},
		{"silent: nothing was written", 7 * m, heartbeat.Silent, heartbeat.Lost, false, false},
	} {
		tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{})
		tracker.Asked(anna, morning, office, 15*m)
		e, ok := tracker.Ended(anna, morning.Add(c.held), heartbeat.Wait{Network: office, Asked: 15 * m, Given: 15 * m, Held: c.held, Outcome: c.end, Proof: c.proof})
		if want := (heartbeat.Evidence{Device: anna.ID(), At: c.held, Died: c.died}); ok != c.ok || ok && e != want {
			t.Errorf("%s: %+v %t, want %+v %t", c.name, e, ok, want, c.ok)
		}
	}
}

func TestABrokenWaitIsADeathOnlyIfTheDeviceComesBackHereForLess(t *testing.T) {
	const m = time.Minute
	for _, c := range []struct {
		name    string
		end     heartbeat.Outcome
		network heartbeat.Network
		asks    time.Duration
		died    bool
	}{
		{"silent, less", heartbeat.Silent, office, 8 * m, true},
		{"reset, less", heartbeat.Reset, office, 8 * m, true},
		{"the same: a phone that roamed", heartbeat.Silent, office, 15 * m, false},
		{"more", heartbeat.Reset, office, 19 * m, false},
		{"from elsewhere", heartbeat.Silent, mobile, 8 * m, false},
		{"it closed properly", heartbeat.Left, office, 8 * m, false},
		{"mail", heartbeat.Changed, office, 8 * m, false},
	} {
		end := heartbeat.Wait{Network: office, Asked: 15 * m, Given: 15 * m, Held: 14 * m, Outcome: c.end}
		for name, tell := range map[string]func(*heartbeat.Tracker) (heartbeat.Evidence, bool){
			"ended before the next": func(tracker *heartbeat.Tracker) (heartbeat.Evidence, bool) {
				tracker.Ended(anna, morning.Add(14*m), end)
				return tracker.Asked(anna, morning.Add(14*m), c.network, c.asks)
			},
			"ended by the next": func(tracker *heartbeat.Tracker) (heartbeat.Evidence, bool) {
				if e, ok := tracker.Asked(anna, morning.Add(14*m), c.network, c.asks); ok {
					return e, ok
				}
				return tracker.Ended(anna, morning.Add(14*m), end)
			},
		} {
			tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{})
			tracker.Asked(anna, morning, office, 15*m)
			e, died := tell(tracker)
			if died != c.died || died && (e != heartbeat.Evidence{Device: anna.ID(), At: 14 * m, Died: true}) {
				t.Errorf("%s, %s: %+v %t", c.name, name, e, died)
			}
			if _, again := tracker.Asked(anna, morning.Add(20*m), office, time.Minute); again {
				t.Errorf("%s, %s: the same death counts twice", c.name, name)
			}
		}
	}
}

func TestALateProofCountsOnce(t *testing.T) {
	const m = time.Minute
	tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{})
	if _, ok := tracker.Proved(anna, 15*m, heartbeat.Acked); ok {
		t.Error("a device that is not known taught something")
	}
	tracker.Asked(anna, morning, office, 15*m)
	tracker.Ended(anna, morning.Add(15*m), heartbeat.Wait{Network: office, Asked: 15 * m, Given: 15 * m, Held: 15 * m, Outcome: heartbeat.Expired})
	for i, c := range []struct {
		held  time.Duration
		proof heartbeat.Proof
		ok    bool
	}{
		{15 * m, heartbeat.Unknown, false}, {14 * m, heartbeat.Acked, false}, {15 * m, heartbeat.Acked, true}, {15 * m, heartbeat.Confirmed, false}, {15 * m, heartbeat.Lost, false},
	} {
		if e, ok := tracker.Proved(anna, c.held, c.proof); ok != c.ok || e.Died {
			t.Errorf("proof %d: %+v %t", i, e, ok)
		}
	}
	if s, _ := tracker.State(anna); s.LastGood != 15*m || s.Last[0].Proof != heartbeat.Acked {
		t.Errorf("%+v", s)
	}
}

func TestADeviceThatAsksForMoreThanItWasToldIsDeaf(t *testing.T) {
	tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{})
	ask := func(asked time.Duration) bool {
		tracker.Asked(anna, morning, office, asked)
		s, _ := tracker.State(anna)
		return s.Deaf
	}
	refuse := func(asked, limit time.Duration) {
		tracker.Ended(anna, morning, heartbeat.Wait{Network: office, Asked: asked, Given: limit, Outcome: heartbeat.Refused})
	}
	ask(15 * time.Minute)
	refuse(15*time.Minute, 15*time.Minute) // by its server, for another reason
	if ask(15 * time.Minute) {
		t.Error("deaf to a refusal that named no limit")
	}
	refuse(15*time.Minute, 8*time.Minute)
	if ask(8 * time.Minute) {
		t.Error("deaf though it asks for what it was told")
	}
	if !ask(12*time.Minute) || !ask(8*time.Minute) {
		t.Error("not deaf, or not any more, after it asked for more than it was told")
	}
}

func TestEveryKindOfPhoneIsRecognisedWithinADay(t *testing.T) {
	for _, l := range lab.Ladders() {
		f := newFleet(3, 13*time.Minute)
		f.enforce = false
		f.every = 2 * time.Hour
		p := f.phone(l)
		f.ask(p)
		f.run(day)
		if s, _ := f.tracker.State(p.key); s.Ladder != l.Name {
			t.Errorf("%s is taken for %q: %+v", l.Name, s.Ladder, s.Last)
		}
	}
}

func TestWhereTheSearchOfADeviceStands(t *testing.T) {
	const m, s = time.Minute, time.Second
	for _, c := range []struct {
		ladder lab.Ladder
		limit  time.Duration
		want   string
	}{
		{lab.AOSP(), 13 * m, "oscillating"},
		{lab.AOSP(), 20 * m, "oscillating"},
		{lab.AOSP(), 30 * m, "settled at 28 min"},
		{lab.AOSP(), 5 * m, "fallen to the floor"},
		{lab.AOSPICS(), 12 * m, "settled at 10 min 50 s"},
		{lab.WindowsMobile(), 15 * m, "settled at 13 min"},
		{lab.DirectPush(), 7 * m, "fallen to the floor"},
		{lab.Fixed(45 * s), 13 * m, "settled at 45 s"},
	} {
		f := newFleet(3, c.limit)
		f.enforce = false
		p := f.phone(c.ladder)
		f.ask(p)
		f.run(day)
		if state, _ := f.tracker.State(p.key); state.State != c.want {
			t.Errorf("%s with limit %v is %q, want %q: %+v", c.ladder.Name, c.limit, state.State, c.want, state)
		}
	}
}

func TestTheTrackerForgetsTheDeviceNotHeardOfForLongest(t *testing.T) {
	tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{Devices: 2})
	key := func(device string) heartbeat.Key { return heartbeat.Key{Principal: "u", Device: device} }
	for _, device := range []string{"a", "b", "a", "c"} {
		tracker.Asked(key(device), morning, office, time.Minute)
	}
	var names []string
	for k := range tracker.All {
		names = append(names, k.Device)
	}
	if got := strings.Join(names, " "); got != "c a" || tracker.Len() != 2 {
		t.Errorf("known are %q (%d), want \"c a\"", got, tracker.Len())
	}
	if !tracker.Forget(key("a")) || tracker.Forget(key("a")) || tracker.Len() != 1 {
		t.Error("a device is not forgotten, or twice")
	}
}

func TestNamesThatAreTooLongAreCutButTheirDevicesStayApart(t *testing.T) {
	long := strings.Repeat("x", 1000)
	one, other := heartbeat.Key{Principal: long + "1", Device: "\x00"}, heartbeat.Key{Principal: long + "2", Device: "\x00"}
	tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{})
	tracker.Asked(one, morning, office, time.Minute)
	tracker.Asked(other, morning, office, time.Hour)
	if s, ok := tracker.State(one); !ok || s.Asked != time.Minute {
		t.Errorf("%+v %t", s, ok)
	}
	for k := range tracker.All {
		if k.Principal != long[:255] || k.Device != "\x00" {
			t.Errorf("%d bytes of the user are kept, device %q", len(k.Principal), k.Device)
		}
	}
	if (heartbeat.Key{Principal: "ab", Device: "c"}).ID() == (heartbeat.Key{Principal: "a", Device: "bc"}).ID() {
		t.Error("two devices have one ID")
	}
}
