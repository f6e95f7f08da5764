package heartbeat_test

import (
	"flag"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
)

// Here the firewall's limit is the hidden truth, as the path's MTU is in quic-go's
// tests of its discoverer. The phones ask for an hour whatever happens: what they
// get is our choice alone.

const day = 24 * time.Hour

// check is rapid.Check with fewer draws: each lives through some days of many phones.
// A number of draws given on the command line is kept.
func check(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	if draws := flag.Lookup("rapid.checks"); draws.Value.String() == draws.DefValue {
		_ = flag.Set("rapid.checks", "25")
		defer func() { _ = flag.Set("rapid.checks", draws.DefValue) }()
	}
	rapid.Check(t, property)
}

// aTruth is drawn down from an hour: what is drawn leans to small numbers, and a day
// with a limit of a minute has fifty times as many waits to go through.
func aTruth(t *rapid.T, name string) time.Duration {
	return time.Hour - time.Duration(rapid.IntRange(0, 3540).Draw(t, name))*time.Second
}

func anHourEach(t *rapid.T, phones int, limit time.Duration) *fleet {
	f := newFleet(rapid.Uint64().Draw(t, "seed"), limit)
	f.join(phones, lab.Fixed(time.Hour))
	return f
}

// offBy says what is wrong with the advice, "" if it is at most 60 s below the truth.
func (f *fleet) offBy() string {
	interval := f.advice().Interval
	if interval == 0 && f.limit >= time.Hour-30*time.Second {
		return "" // there is no limit below an hour, and none is claimed
	}
	switch {
	case interval == 0:
		return "nothing is advised"
	case interval > f.limit:
		return "the advice lies above the limit"
	case interval < f.limit-time.Minute:
		return "the advice lies more than 60 s below the limit"
	}
	return ""
}

func (f *fleet) must(t *rapid.T, when string) {
	t.Helper()
	if fault := f.offBy(); fault != "" {
		t.Fatalf("%s: limit %v, %s: %+v", when, f.limit, fault, f.advice())
	}
}

func TestAdviceConvergesToWithinAMinuteBelowTheLimitAndStaysThere(t *testing.T) {
	check(t, func(t *rapid.T) {
		f := anHourEach(t, rapid.IntRange(4, 12).Draw(t, "phones"), aTruth(t, "limit"))
		f.run(day)
		for range 24 {
			f.must(t, "after a day")
			f.run(time.Hour)
		}
	})
}

func TestItDoesSoWithTenPercentUnrelatedLosses(t *testing.T) {
	check(t, func(t *rapid.T) {
		f := anHourEach(t, 30, aTruth(t, "limit"))
		f.losses = 0.1
		f.run(3 * day)
		f.must(t, "after three days")
		for range 24 {
			f.run(time.Hour)
			if a := f.advice().Interval; a > f.limit {
				t.Fatalf("limit %v, advice %v lies above it", f.limit, a)
			}
		}
	})
}

func TestAdviceFollowsWithinADayWhenTheLimitFallsOrRises(t *testing.T) {
	check(t, func(t *rapid.T) {
		f := anHourEach(t, 12, aTruth(t, "limit"))
		f.run(2 * day)
		f.must(t, "before")
		f.limit = aTruth(t, "limit then")
		f.run(day)
		f.must(t, "a day after the change")
	})
}

// With losses a try of a higher interval may fail for another cause. Then the next
// comes some hours later, so not every rise is followed to its end within a day.
func TestWithUnrelatedLossesAFallIsFollowedWithinADayAndNearlyEveryRiseToo(t *testing.T) {
	const truths = 40
	late := 0
	for i := range truths {
		f := newFleet(uint64(i), limitOf(i*37%truths, truths))
		f.join(12, lab.Fixed(time.Hour))
		f.losses = 0.1
		f.run(2 * day)
		before := f.limit
		f.limit = limitOf(i*23%truths, truths)
		f.run(day)
		if fault := f.offBy(); fault != "" {
			late++
			if f.limit < before || f.advice().Interval > f.limit {
				t.Errorf("limit %v, then %v: %s: %+v", before, f.limit, fault, f.advice())
			}
		}
		f.run(day)
		if fault := f.offBy(); fault != "" {
			t.Errorf("limit %v, then %v: two days later %s: %+v", before, f.limit, fault, f.advice())
		}
	}
	if late > truths/20 {
		t.Errorf("%d of %d rises were not followed within a day", late, truths)
	}
}

// limitOf spreads the truths from 60 s to 3600 s.
func limitOf(i, of int) time.Duration {
	return time.Duration(60+i*3540/(of-1)) * time.Second
}

func TestTwoNetworksTeachEachOtherNothing(t *testing.T) {
	check(t, func(t *rapid.T) {
		networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{})
		one, other := heartbeat.Network{Name: "carrier", HTTP: 1}, heartbeat.Network{Name: "carrier", HTTP: 2}
		networks.Observe(morning, other, heartbeat.Evidence{Device: 1, At: 20 * time.Minute})
		want := networks.Advise(morning, other)
		for i := range rapid.IntRange(1, 200).Draw(t, "evidence") {
			networks.Asked(morning, one, time.Minute)
			networks.Observe(morning, one, heartbeat.Evidence{
				Device: uint64(i), Died: rapid.Bool().Draw(t, "died"),
				At: time.Duration(rapid.IntRange(30, 3600).Draw(t, "at")) * time.Second})
		}
		if got := networks.Advise(morning, other); got != want {
			t.Fatalf("one network's evidence made of another's %+v: %+v", want, got)
		}
	})
}
