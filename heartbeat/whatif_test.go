package heartbeat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/internal/lab"
)

// lived is a phone of the lab on a path, wait by wait, with mail that comes at random:
// what Day says must be what it does.
func lived(l lab.Ladder, p Path, news float64, days int, random *rand.Rand) Day {
	c, sum, at := lab.NewClimb(l), visit{}, time.Duration(0)
	first, end := settling, settling+time.Duration(days)*24*time.Hour
	for at < end {
		given := c.Interval()
		if p.Kept > 0 {
			given = min(given, p.Kept)
		}
		alive := given
		if p.Limit > 0 {
			alive = min(given, p.Limit)
		}
		mail := time.Duration(math.MaxInt64)
		if news > 0 {
			mail = time.Duration(random.ExpFloat64() / news * float64(time.Hour))
		}
		v := visit{waits: 1, requests: 1, given: given.Hours()}
		switch {
		case mail < alive:
			v.hours, v.requests = mail.Hours(), 2
		case alive < given:
			v.hours, v.dead = given.Hours(), (given - alive).Hours()
			if mail < given {
				v.requests += 2 // the next Ping is answered at once, and then comes a Sync
			}
			c.Next(lab.Silent, 0)
		default:
			v.hours = given.Hours()
			c.Next(lab.Expired, 0)
		}
		if at >= first {
			sum.add(v, 1)
		}
		at += time.Duration(v.hours * float64(time.Hour))
	}
	return sum.day()
}

// near compares with as much room as chance takes in so many days.
func near(a, b, share float64) bool {
	return math.Abs(a-b) <= share*max(math.Abs(a), math.Abs(b))+0.002
}

func TestADayIsWhatAPhoneOnThatLadderDoes(t *testing.T) {
	known := map[string]Ladder{}
	for _, l := range Presets() {
		known[l.Name] = l
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, phone := range []lab.Ladder{lab.DirectPush(), lab.AOSP(), lab.AOSPICS(), lab.WindowsMobile(), lab.Fixed(10 * time.Minute)} {
		ours := known[phone.Name]
		if ours.Step == 0 {
			ours = Ladder{Start: phone.Start, Min: phone.Start, Max: phone.Start}
		}
		for _, p := range []Path{{}, {Limit: 13 * time.Minute}, {Limit: 29 * time.Minute}, {Limit: 5 * time.Minute},
			{Limit: 13 * time.Minute, Kept: 750 * time.Second}, {Kept: 1770 * time.Second}} {
			for _, news := range []float64{0, 0.5, 4} {
				got, want := ours.Day(p, news), lived(phone, p, news, 250, random)
				if !near(got.Heartbeat.Seconds(), want.Heartbeat.Seconds(), 0.03) || !near(got.Requests, want.Requests, 0.03) ||
					!near(got.Wakes, want.Wakes, 0.03) || !near(got.Dead, want.Dead, 0.03) {
					t.Errorf("%s on %+v, %v news an hour:\n got %+v\nwant %+v", phone.Name, p, news, got, want)
				}
			}
		}
	}
}

func TestAPhoneThatIsKeptBelowTheLimitIsNeverDeaf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(Presets()[:4]).Draw(t, "ladder")
		limit := time.Duration(rapid.IntRange(60, 3600).Draw(t, "limit")) * time.Second
		news := rapid.Float64Range(0, 200).Draw(t, "news")
		low, high := Path{Limit: limit, Kept: limit}, Path{Limit: 2 * limit, Kept: 2 * limit}
		a, b := l.Day(low, news), l.Day(high, news)
		if a.Dead != 0 || a.Heartbeat > limit+time.Second {
			t.Fatalf("kept at %v: %+v", limit, a)
		}
		// A longer time-out never costs a kept phone more.
		if b.Wakes > a.Wakes*1.0001 || b.Requests > a.Requests*1.0001 || b.Heartbeat < a.Heartbeat-time.Second {
			t.Fatalf("limit %v: %+v, twice that: %+v", limit, a, b)
		}
		if math.IsNaN(a.Wakes) || math.IsInf(a.Requests, 0) {
			t.Fatalf("%+v", a)
		}
	})
}

// crowdOf takes waits of so many devices into a tracker and gives its crowd.
func crowdOf(n Network, devices int, asked time.Duration, outcomes ...Outcome) (*Tracker, *Crowd) {
	tracker, crowd := NewTracker(TrackerConfig{}), NewCrowd()
	for i := range devices {
		k := Key{Principal: fmt.Sprint("u", i), Device: "d"}
		now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		for _, o := range outcomes {
			tracker.Asked(k, now, n, asked)
			now = now.Add(asked)
			tracker.Ended(k, now, Wait{Network: n, Asked: asked, Given: asked, Held: asked, Outcome: o, Proof: Acked})
		}
		tracker.Asked(k, now, n, asked)
	}
	for h := range tracker.Habits {
		crowd.Add(h)
	}
	return tracker, crowd
}

func TestACrowdIsTheMeanOfItsPhonesWithTheirOwnNews(t *testing.T) {
	n := Network{Name: "a", HTTP: 1}
	tracker, crowd := crowdOf(n, 40, 10*time.Minute, Expired, Changed, Expired, Expired)
	if crowd.Devices() != 40 || tracker.Len() != 40 {
		t.Fatalf("%d devices", crowd.Devices())
	}
	asked := time.Duration(0)
	got := crowd.Day(func(from Network) Path {
		asked++
		if from != n {
			t.Errorf("asked about %v", from)
		}
		return Path{Kept: 5 * time.Minute}
	})
	// One of four waits of ten minutes brought news: 1.5 an hour.
	want := Ladder{Start: 10 * time.Minute, Min: 10 * time.Minute, Max: 10 * time.Minute}.Day(Path{Kept: 5 * time.Minute}, 1.5)
	if !near(got.Wakes, want.Wakes, 1e-6) || !near(got.Requests, want.Requests, 1e-6) || got.Heartbeat != 5*time.Minute || asked != 1 {
		t.Errorf("got %+v, want %+v, asked %d times", got, want, asked)
	}
	if d := NewCrowd().Day(func(Network) Path { return Path{} }); d != (Day{}) {
		t.Errorf("nobody has %+v", d)
	}
}

func BenchmarkACrowdOfFiveHundredNetworks(b *testing.B) {
	crowd := NewCrowd()
	for i := range 50_000 {
		crowd.Add(Habit{Network: Network{Name: fmt.Sprint(i % 500), HTTP: 1}, Ladder: presets[i%len(presets)].Name,
			Asked: time.Duration(8+i%7) * time.Minute, Waited: 2 * time.Hour, News: i % 8})
	}
	for b.Loop() {
		crowd.Day(func(Network) Path { return Path{Limit: 13 * time.Minute} })
	}
}
