package lab

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// step is one wait: how it ended and what the device asks next.
type step struct {
	event Event
	limit time.Duration
	next  time.Duration
}

func climb(t *testing.T, l Ladder, first time.Duration, steps []step) *Climb {
	t.Helper()
	c := NewClimb(l)
	if c.Interval() != first {
		t.Fatalf("%s starts at %v, want %v", l.Name, c.Interval(), first)
	}
	for i, s := range steps {
		if got := c.Next(s.event, s.limit); got != s.next {
			t.Fatalf("%s, wait %d ended %v: next is %v, want %v", l.Name, i+1, s.event, got, s.next)
		}
	}
	return c
}

// The carrier kills at 13 minutes: 15 (silence), 8 (ok), 12 (mail after 4 minutes, 12 again, ok), 16 (silence right
// after a raise), 12 and stay. (Exchange 2013, Direct Push; protocol notes 5.1.)
func TestDirectPushFindsTwelveMinutesAsExchangesOwnDescriptionSays(t *testing.T) {
	const m = time.Minute
	c := climb(t, DirectPush(), 15*m, []step{
		{Silent, 0, 8 * m},
		{Expired, 0, 12 * m},
		{Changed, 0, 12 * m},
		{Expired, 0, 16 * m},
		{Silent, 0, 12 * m},
		{Expired, 0, 12 * m},
		{Changed, 0, 12 * m},
		{Expired, 0, 12 * m},
	})
	if c.State() != "settled" {
		t.Errorf("state %q, want settled", c.State())
	}
}

func TestDirectPushSearchesAgainWhenItsSettledIntervalFails(t *testing.T) {
	const m = time.Minute
	c := climb(t, DirectPush(), 15*m, []step{
		{Expired, 0, 19 * m}, {Silent, 0, 15 * m}, {Silent, 0, 8 * m},
	})
	if c.State() != "floor" {
		t.Errorf("state %q, want floor", c.State())
	}
	if c.Next(Expired, 0) != 12*m || c.State() != "searching" {
		t.Errorf("%v %q after a success on the floor, want 12m searching", c.Interval(), c.State())
	}
}

func TestAOSPClimbsWithEveryStatus1AndDropsWithEveryBrokenWait(t *testing.T) {
	const s = time.Second
	climb(t, AOSP(), 480*s, []step{
		{Expired, 0, 780 * s}, {Expired, 0, 1080 * s}, {Expired, 0, 1380 * s}, {Expired, 0, 1680 * s},
		{Expired, 0, 1680 * s}, {Changed, 0, 1680 * s}, {Broken, 0, 1380 * s}, {Silent, 0, 1080 * s},
		{Silent, 0, 780 * s}, {Silent, 0, 480 * s}, {Silent, 0, 480 * s},
	})
}

func TestAOSPTakesTheLimitOfAStatus5VerbatimAndThenOscillates(t *testing.T) {
	const s = time.Second
	climb(t, AOSP(), 480*s, []step{
		{Refused, 60 * s, 60 * s}, {Expired, 0, 360 * s}, {Refused, 60 * s, 60 * s}, {Silent, 0, 480 * s},
	})
}

func TestAOSPICSNeverClimbsAgainAfterADrop(t *testing.T) {
	const s = time.Second
	c := climb(t, AOSPICS(), 470*s, []step{
		{Expired, 0, 650 * s}, {Expired, 0, 830 * s}, {Broken, 0, 650 * s}, {Expired, 0, 650 * s},
		{Expired, 0, 650 * s}, {Broken, 0, 650 * s}, // not above its high-water mark: no drop
	})
	if c.State() != "settled" {
		t.Errorf("state %q, want settled", c.State())
	}
}

func TestAOSPICSMayClimbAgainAfterAStatus5(t *testing.T) {
	const s = time.Second
	climb(t, AOSPICS(), 470*s, []step{
		{Expired, 0, 650 * s}, {Broken, 0, 470 * s}, {Refused, 300 * s, 300 * s}, {Expired, 0, 300 * s}, // the maximum now
		{Refused, 400 * s, 400 * s}, // above: the minimum now
	})
}

func TestWindowsMobileStepsBy300(t *testing.T) {
	const s = time.Second
	climb(t, WindowsMobile(), 480*s, []step{
		{Expired, 0, 780 * s}, {Expired, 0, 1080 * s}, {Silent, 0, 780 * s}, {Expired, 0, 780 * s},
	})
}

func TestFixedMovesOnlyByStatus5(t *testing.T) {
	const s = time.Second
	climb(t, Fixed(180*s), 180*s, []step{
		{Expired, 0, 180 * s}, {Silent, 0, 180 * s}, {Broken, 0, 180 * s}, {Refused, 300 * s, 300 * s}, {Expired, 0, 300 * s},
	})
}

func TestEveryLadderStaysWithinItsBoundsWithoutStatus5(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(Ladders()).Draw(t, "ladder")
		c := NewClimb(l)
		for _, e := range rapid.SliceOf(rapid.SampledFrom([]Event{Expired, Changed, Silent, Broken})).Draw(t, "events") {
			if got := c.Next(e, 0); got < l.Min || got > l.Max {
				t.Fatalf("%s asks for %v, outside %v..%v", l.Name, got, l.Min, l.Max)
			}
		}
	})
}

// Against a path with one limit, every ladder whose floor lies below it must end at an interval that survives.
func TestEveryLadderFindsAnIntervalThatSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom([]Ladder{DirectPush(), AOSPICS(), WindowsMobile()}).Draw(t, "ladder")
		limit := l.Min + time.Duration(rapid.IntRange(1, 3000).Draw(t, "above the floor"))*time.Second
		c := NewClimb(l)
		for range 40 {
			c.Next(against(c.Interval(), limit), 0)
		}
		if c.Interval() > limit {
			t.Fatalf("%s settled at %v, the path allows %v", l.Name, c.Interval(), limit)
		}
	})
}

func against(interval, limit time.Duration) Event {
	if interval <= limit {
		return Expired
	}
	return Broken
}
