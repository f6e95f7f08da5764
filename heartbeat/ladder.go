package heartbeat

import "time"

// Ladder is how a kind of device looks for the longest wait that its path
// survives: data, not code.
type Ladder struct {
	Name   string
	Start  time.Duration // what it asks first
	Step   time.Duration // what it adds after a full quiet wait; 0 = it never moves by itself
	Min    time.Duration // it never falls below, unless a Status 5 told it to
	Max    time.Duration // it never climbs above
	OnDrop Drop
}

// Drop is what a ladder does after a wait that was not answered.
type Drop uint8

const (
	DropToMin      Drop = iota // down to Min at once
	DropToLastGood             // right after a raise: back to the last good one, settled; otherwise to Min
	DropStep                   // one step down, and up again with the next success
	DropForGood                // one step down and never up again
)

// up is what it asks after a full quiet wait.
func (l Ladder) up(asked time.Duration) time.Duration { return max(asked, min(asked+l.Step, l.Max)) }

// drops tells whether next is what it asks after silence.
func (l Ladder) drops(asked, good, next time.Duration) bool {
	switch l.OnDrop {
	case DropToLastGood:
		return next == l.Min || next == good && good < asked
	case DropStep, DropForGood:
		return next == max(asked-l.Step, l.Min)
	}
	return next == l.Min
}

// has tells whether the ladder has such a rung: steps are counted from where it
// starts, and from its lower end after a fall.
func (l Ladder) has(asked time.Duration) bool {
	switch {
	case l.Step == 0:
		return true
	case asked < l.Min || asked > l.Max:
		return false
	}
	return asked == l.Max || (asked-l.Start)%l.Step == 0 || (asked-l.Min)%l.Step == 0
}
