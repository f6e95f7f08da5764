package heartbeat

import "time"

// Outcome is how a wait ended. Every wait has exactly one.
type Outcome uint8

// The outcomes. Only Expired says that the path survived the whole interval.
const (
	Expired       Outcome = iota // Status 1, or the empty Sync answer, after the full interval
	Changed                      // the server reported something new
	Early                        // "nothing new" well before the interval's end
	Refused                      // the server would not wait: Ping 3..8, Sync 3..16, above 100, HTTP 4xx
	Left                         // the phone said goodbye: FIN
	Reset                        // the phone's connection was reset
	Silent                       // replaced by a younger wait while its own socket gave no sign of life
	UpstreamFault                // the server broke off, failed, or said what no device understands
	Drained                      // we are leaving
)

var outcomes = [...]string{"expired", "changed", "early", "refused", "left", "reset", "silent", "upstream", "drained"}

// String is the name in logs, metrics and the store.
func (o Outcome) String() string { return outcomes[o] }

// Cause is who ended a wait.
type Cause uint8

// The causes.
const (
	CauseAnswer   Cause = iota // the server answered
	CauseUpstream              // the server broke off
	CauseLeft                  // the phone closed its connection, or its HTTP/2 stream
	CauseReset                 // the phone's connection was reset
	CauseSilent                // a younger wait of the device took over
	CauseDrained
)

// Answer is what the server's answer said.
type Answer uint8

// The answers. Unreadable is one that no device would understand either: a
// sign-in page, a broken document.
const (
	AnswerNothing Answer = iota // Ping Status 1, Sync without changes
	AnswerChanges               // Ping Status 2, Sync with items
	AnswerRefusal
	AnswerUnreadable
)

// Ending is what is known when a wait is over.
type Ending struct {
	Cause  Cause
	Answer Answer        // with CauseAnswer
	Asked  time.Duration // 0: not known
	Held   time.Duration
}

// fullShare of the interval counts as all of it: Z-Push answers up to a second
// early, and an early Status 1 proves nothing about the path.
const fullShare = 0.95

// Classify names the outcome of a wait.
func Classify(e Ending) Outcome {
	switch e.Cause {
	case CauseAnswer:
		return classifyAnswer(e)
	case CauseLeft:
		return Left
	case CauseReset:
		return Reset
	case CauseSilent:
		return Silent
	case CauseDrained:
		return Drained
	}
	return UpstreamFault
}

func classifyAnswer(e Ending) Outcome {
	switch e.Answer {
	case AnswerChanges:
		return Changed
	case AnswerRefusal:
		return Refused
	case AnswerUnreadable:
		return UpstreamFault
	}
	if float64(e.Held) < fullShare*float64(e.Asked) {
		return Early
	}
	return Expired
}
