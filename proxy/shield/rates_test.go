package shield

import (
	"testing"
	"time"
)

func TestABucketIsFullInTheBeginningAndFillsAgain(t *testing.T) {
	r := NewRates(3, time.Minute, 10)
	for i := range 3 {
		if _, ok := r.Take(start, id("a")); !ok {
			t.Fatalf("%d of 3 is refused", i)
		}
	}
	if again, ok := r.Take(start, id("a")); ok || again != 20*time.Second {
		t.Errorf("the fourth: %s, %t", again, ok)
	}
	if again, ok := r.Take(start.Add(19*time.Second), id("a")); ok || again != time.Second {
		t.Errorf("a second too early: %s, %t", again, ok)
	}
	if _, ok := r.Take(start.Add(20*time.Second), id("a")); !ok {
		t.Error("not given when it was said")
	}
	if _, ok := r.Take(start, id("b")); !ok {
		t.Error("another's bucket is empty too")
	}
}

func TestToLookTakesNothingAndRemembersNobody(t *testing.T) {
	r := NewRates(1, time.Minute, 10)
	for range 5 {
		if _, ok := r.Left(start, id("a")); !ok {
			t.Error("a look has taken something")
		}
	}
	if known, _ := r.Len(); known != 0 {
		t.Errorf("%d are remembered", known)
	}
}

func TestWhatWasTakenBeyondIsMadeUpForAndNotForEver(t *testing.T) {
	r := NewRates(10, time.Minute, 10)
	for range 30 {
		r.Charge(start, id("a"))
	}
	if again, ok := r.Left(start, id("a")); ok || again != 126*time.Second { // 21 at 6 s each
		t.Errorf("after 30: %s, %t", again, ok)
	}
	for range 100_000 {
		r.Charge(start, id("a"))
	}
	if again, ok := r.Left(start, id("a")); ok || again != 606*time.Second {
		t.Errorf("after 100,000: %s, %t", again, ok)
	}
}

func TestThatABucketIsEmptyIsToldOnceInItsTime(t *testing.T) {
	r, told := NewRates(2, time.Minute, 10), 0
	for at := time.Duration(0); at < 3*time.Minute; at += time.Second {
		if r.Charge(start.Add(at), id("a")) {
			told++
		}
	}
	if told != 3 {
		t.Errorf("told %d times in three minutes", told)
	}
}

func TestAClockThatStandsStillOrRunsBackGivesNothing(t *testing.T) {
	r := NewRates(1, time.Minute, 10)
	r.Take(start, id("a"))
	for _, now := range []time.Time{start, start.Add(-time.Hour)} {
		if _, ok := r.Take(now, id("a")); ok {
			t.Errorf("given at %s", now)
		}
	}
}

func TestAFullTableForgetsWhoAskedLongestAgo(t *testing.T) {
	r := NewRates(1, time.Minute, 2)
	for _, name := range []string{"a", "b", "a", "c"} {
		r.Take(start, id(name))
	}
	if _, ok := r.Take(start, id("a")); ok {
		t.Error("a begins anew")
	}
	if _, ok := r.Take(start, id("b")); !ok {
		t.Error("b does not begin anew")
	}
	if known, forgotten := r.Len(); known != 2 || forgotten != 2 {
		t.Errorf("%d known, %d forgotten", known, forgotten)
	}
}
