package heartbeat

import "time"

// journal is what this node itself has seen of a network lately: when it takes over
// what all nodes know, it adds what of its own is not in that yet.
type journal struct {
	seq   uint64 // of the last entry; they are numbered from 1
	told  uint64 // up to which the others were told
	last  []journaled
	known map[string]Mark // of other nodes, what is in the estimator
}

// journaled is an interval that was asked for, or a piece of evidence.
type journaled struct {
	device uint64
	when   uint32
	at     seconds
	what   journaledKind
}

type journaledKind uint8

const (
	wasAsked journaledKind = iota
	didSurvive
	didDie
)

const (
	// mostJournaled is what one network may tell after an outage. A network of which
	// more was seen meanwhile loses the oldest of it.
	mostJournaled = 256
	// keptJournaled stays after it was told: what they are told to may lose its last
	// seconds.
	keptJournaled = 64
)

func (j *journal) note(x journaled) {
	j.seq++
	if len(j.last) >= mostJournaled {
		j.last = append(j.last[:0], j.last[1:]...)
	}
	j.last = append(j.last, x)
}

// after gives the entries beyond a number.
func (j *journal) after(seq uint64) []journaled {
	first := j.seq - uint64(len(j.last)) // the number before the first that is kept
	if seq <= first {
		return j.last
	}
	return j.last[min(seq-first, uint64(len(j.last))):]
}

// tell notes that the others know the entries up to a number.
func (j *journal) tell(upto uint64) {
	j.told = max(j.told, min(upto, j.seq))
	if spare := len(j.last) - max(keptJournaled, int(j.seq-j.told)); spare > 0 {
		j.last = append(j.last[:0], j.last[spare:]...)
	}
}

// again takes an entry in as when it was seen. What others have seen since may be in
// the estimator already, whose time does not go back.
func (e *estimator) again(x journaled, half time.Duration) {
	if x.what == wasAsked {
		e.asked.add(x.at.duration())
		return
	}
	now := max(time.Duration(x.when)*time.Second, e.forgotAt)
	e.observe(now, half, Evidence{Device: x.device, At: x.at.duration(), Died: x.what == didDie})
}
