package heartbeat

import "time"

// scores hold how well each preset explains what a device asked so far. They are
// kept and not drawn anew from the last waits: a device that settled shows the
// same interval for days, and every ladder explains that.
type scores [len(presets)]int8

const (
	explains     = 2  // moved exactly as the ladder does
	agrees       = 1  // stood still where the ladder stands still
	doubts       = -1 // stood still where the ladder moves
	contradicts  = -3 // what this ladder never does
	bestScore    = 8  // so that a changed app is recognised after some waits
	bestStanding = 3  // standing still explains little: moves that were seen outweigh it
	knownFrom    = 2  // below, no ladder is named
)

// begin judges the first interval ever seen.
func (s *scores) begin(asked time.Duration) {
	for i, l := range presets {
		switch {
		case !l.has(asked):
			s.add(i, contradicts)
		case asked == l.Start:
			s.add(i, agrees)
		}
	}
}

// next judges that a device asks for an interval after a wait that ended so; good
// is the longest that it knew to work.
func (s *scores) next(last Ended, good, asked time.Duration) {
	for i, l := range presets {
		s.add(i, l.judge(last, good, asked))
	}
}

func (s *scores) add(i int, points int8) {
	best := int8(bestScore)
	if presets[i].Step == 0 {
		best = bestStanding
	}
	s[i] = max(min(s[i]+points, best), -bestScore)
}

// best gives the ladder that explains most, false if none does.
func (s *scores) best() (Ladder, bool) {
	top := 0
	for i := range s {
		if s[i] > s[top] {
			top = i
		}
	}
	return presets[top], s[top] >= knownFrom
}

// judge compares one move of a device with its ladder. What the device took for a
// success or for silence is judged by its own eyes: an answer of which nothing is
// known, followed by a smaller interval, did not arrive.
func (l Ladder) judge(last Ended, good, asked time.Duration) int8 {
	switch {
	case last.Outcome == Refused:
		return 0 // a limit was adopted verbatim: says nothing about steps
	case asked == last.Asked:
		return l.stands(last)
	case !l.has(asked):
		return contradicts
	case last.dead(asked):
		return verdict(l.drops(last.Asked, good, asked))
	case last.full():
		return verdict(asked == l.up(last.Asked))
	case last.Outcome == Changed:
		return contradicts // an answer with news moves no ladder
	}
	return 0 // it left or we stopped: devices take that for anything
}

// stands judges that it asks for the same again. Only an answer that is known to have
// arrived says something: a phone whose waits all die stands still, too.
func (l Ladder) stands(last Ended) int8 {
	switch {
	case !last.full() || !last.Proof.delivered():
		return 0
	case l.Step == 0 || last.Asked == l.Max:
		return agrees
	case l.OnDrop == DropStep:
		return doubts // it climbs after every success
	}
	return 0
}

func verdict(as bool) int8 {
	if as {
		return explains
	}
	return contradicts
}
