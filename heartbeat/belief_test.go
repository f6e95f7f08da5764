package heartbeat

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWhichLimitsExplainASilence(t *testing.T) {
	for _, c := range []struct {
		at             time.Duration
		survived, died time.Duration // the lowest limit that explains a survival, and the lowest that explains no death
	}{
		{30 * s, 30 * s, 30 * s},
		{60 * s, 60 * s, 60 * s},
		{45 * s, 30 * s, 60 * s},
		{780 * s, 780 * s, 780 * s},
		{779*s + 400*time.Millisecond, 780 * s, 780 * s}, // a server with whole seconds
		{780*s + 600*time.Millisecond, 780 * s, 780 * s}, // a slow one
		{795 * s, 780 * s, 810 * s},
		{3600 * s, 3600 * s, 3600 * s},
		{5000 * s, 3600 * s, 3630 * s}, // no limit in the grid is above an hour
	} {
		survived, died := limitAt(survivedPoint(c.at)), limitAt(diedPoint(c.at))
		if survived != c.survived || died != c.died {
			t.Errorf("%v: survived from %v, died below %v; want %v, %v", c.at, survived, died, c.survived, c.died)
		}
	}
}

func TestAnUnknownNetworkIsThoughtToBeNeitherFreeNorBad(t *testing.T) {
	if p := prior.atLeast(0); p < 0.9999 || p > 1.0001 {
		t.Errorf("the probabilities add up to %v", p)
	}
	if low := 1 - prior.atLeast(survivedPoint(5*time.Minute)); low < 0.005 || low > 0.02 {
		t.Errorf("below 5 minutes with %v, want 1 %%", low)
	}
	if free := prior.atLeast(points - 1); free < 0.29 || free > 0.31 {
		t.Errorf("no limit below an hour with %v, want 30 %%", free)
	}
}

// draw is a belief that has seen something.
func draw(t *rapid.T) belief {
	b := prior
	for range rapid.IntRange(0, 300).Draw(t, "evidence") {
		at := time.Duration(rapid.IntRange(30, 4000).Draw(t, "at")) * time.Second
		other := float32(rapid.Float64Range(leastOther, mostOther).Draw(t, "other"))
		if rapid.Bool().Draw(t, "died") {
			b.died(at, other)
		} else {
			b.survived(at, other)
		}
	}
	return b
}

func TestABeliefStaysOneWhateverIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := draw(t)
		b.forget(float32(rapid.Float64Range(0, 1).Draw(t, "share")), b.quantile(sure))
		last := float32(1.0001)
		for i := range points {
			if b.p[i] < 0 || !(b.sum > 0) || b.atLeast(i) > last {
				t.Fatalf("at %v: %v of %v", limitAt(i), b.p[i], b.sum)
			}
			last = b.atLeast(i)
		}
		if one := b.atLeast(0); one < 0.999 || one > 1.001 {
			t.Fatalf("the probabilities add up to %v", one)
		}
		if b.quantile(sure) > b.quantile(0.5) || b.quantile(0.5) > b.quantile(1-sure) {
			t.Fatal("the interval is upside down")
		}
	})
}

func TestForgettingRaisesAndLowersNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := draw(t)
		low := b.quantile(sure)
		for range rapid.IntRange(1, 50).Draw(t, "times") {
			b.forget(float32(rapid.Float64Range(0, 1).Draw(t, "share")), low)
			if now := b.quantile(sure); now != low {
				t.Fatalf("what is sure moved from %v to %v", limitAt(low), limitAt(now))
			}
		}
	})
}

func TestASurvivalNeverLowersAndADeathNeverRaises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := draw(t)
		at := time.Duration(rapid.IntRange(30, 3600).Draw(t, "at")) * time.Second
		for _, point := range []int{survivedPoint(at), diedPoint(at)} {
			before := b.atLeast(point)
			better, worse := b, b
			better.survived(at, 0.1)
			worse.died(at, 0.1)
			const rounding = 1e-4
			if better.atLeast(point) < before-rounding || worse.atLeast(point) > before+rounding {
				t.Fatalf("%v at %v: survived %v, died %v", before, limitAt(point), better.atLeast(point), worse.atLeast(point))
			}
		}
	})
}
