package heartbeat

import (
	"math"
	"time"
)

// Path is what stands in the way of long waits.
type Path struct {
	Limit time.Duration // silences longer than this are not survived; 0 = none is known
	Kept  time.Duration // waits are given no more than this; 0 = what they ask
}

// Day is what a phone's push costs and misses in 24 hours.
type Day struct {
	Heartbeat time.Duration // the mean interval that its waits were given
	Requests  float64       // waits, and a Sync for each that brought something new
	Wakes     float64       // of its radio: each wait that ends is one, with all that follows at once
	Dead      float64       // share of the day on a connection that was forgotten, without push
}

// A phone is looked at for so long: what it does on its first day, while it climbs,
// says little about those that follow.
const (
	settling = 24 * time.Hour
	watched  = 72 * time.Hour
	// shortestWait keeps what cannot be from taking for ever.
	shortestWait = time.Minute
)

// Day is what a phone on the ladder does on a path where so much new comes in an hour.
// Nothing in it is drawn: what comes, comes at random, and each step of the ladder
// takes as many waits as it does on average. An answer with news moves no ladder.
func (l Ladder) Day(p Path, news float64) Day {
	c := climb{ladder: l, asked: max(l.Start, shortestWait)}
	var sum visit
	for at := time.Duration(0); at < settling+watched; {
		v := p.visit(c.asked, news)
		still := c == c.after(v)
		left := settling + watched - at
		span := min(v.lasts(), left)
		if still { // it does so for ever
			span = left
		}
		counted := at + span - max(at, settling)
		sum.add(v, max(counted.Hours(), 0)/v.hours)
		at += span
		c = c.after(v)
	}
	return sum.day()
}

// climb is where a phone stands on its ladder.
type climb struct {
	ladder  Ladder
	asked   time.Duration
	good    time.Duration // the longest that it knows to work
	settled bool          // it climbs no more
}

// after gives where it goes from a step that ended in silence, answered or not.
func (c climb) after(v visit) climb {
	l := c.ladder
	switch {
	case v.dead == 0:
		c.good = c.asked
		if !c.settled {
			c.asked = l.up(c.asked)
		}
	case l.OnDrop == DropToLastGood && c.good > 0 && c.good < c.asked:
		c.asked, c.settled = c.good, true
	case l.OnDrop == DropStep || l.OnDrop == DropForGood:
		c.asked, c.settled = max(c.asked-l.Step, l.Min), l.OnDrop == DropForGood
	default:
		c.asked, c.good, c.settled = l.Min, 0, false
	}
	c.asked = max(c.asked, shortestWait)
	return c
}

// visit is what happens on one step, until a wait passes without news: on average.
type visit struct {
	waits, requests float64
	hours, dead     float64
	given           float64 // hours, of all waits
}

// visit stays on a step of so much.
func (p Path) visit(asked time.Duration, news float64) visit {
	given := asked
	if p.Kept > 0 {
		given = min(given, p.Kept)
	}
	alive := given
	if p.Limit > 0 {
		alive = min(given, p.Limit)
	}
	// News come as a Poisson process: none within a silence with e^-(rate * silence). At
	// fifty expected the phone does not leave the step within any life.
	expected := min(news*alive.Hours(), 50)
	v := visit{waits: math.Exp(expected), dead: (given - alive).Hours()}
	v.hours = alive.Hours()
	if expected > 0 {
		v.hours = v.waits * (-math.Expm1(-expected)) / expected * alive.Hours()
	}
	v.hours += v.dead
	// What came while it was deaf ends its next wait at once.
	v.requests = v.waits + (v.waits - 1) - 2*math.Expm1(-news*v.dead)
	v.given = v.waits * given.Hours()
	return v
}

// lasts is as long as a look at it can be, at most.
func (v visit) lasts() time.Duration {
	return time.Duration(min(v.hours, (settling+watched).Hours()) * float64(time.Hour))
}

func (v *visit) add(of visit, share float64) {
	v.waits += of.waits * share
	v.requests += of.requests * share
	v.hours += of.hours * share
	v.dead += of.dead * share
	v.given += of.given * share
}

func (v visit) day() Day {
	days := v.hours / 24
	return Day{
		Heartbeat: time.Duration(v.given / v.waits * float64(time.Hour)).Round(time.Second),
		Requests:  v.requests / days, Wakes: v.waits / days, Dead: v.dead / v.hours,
	}
}
