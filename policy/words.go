package policy

import "fmt"

// Mode says whether decisions are acted upon.
type Mode uint8

const (
	Enforce Mode = iota
	Observe      // nothing is changed and nobody denied; the decision is only recorded
)

// Clamp is how an interval that is too long becomes a shorter one.
type Clamp uint8

const (
	// Early sends the request up with the lower interval. The server's own "nothing
	// new" then comes early, which every known client takes for "ask again".
	Early Clamp = iota + 1

	// Refuse answers with the limit (Ping Status 5, MS-ASCMD 2.2.3.177.11; Sync
	// Status 14, 2.2.3.177.17), so that the device itself asks for less.
	Refuse
)

// Learn says what is done with the limits that were learned from earlier waits.
type Learn uint8

const (
	LearnOff     Learn = iota
	LearnObserve       // learn and show, change nothing
	LearnEnforce       // clamp to what was learned
)

var (
	modeWords  = []string{Enforce: "enforce", Observe: "observe"}
	clampWords = []string{Early: "early", Refuse: "refuse"}
	learnWords = []string{LearnOff: "off", LearnObserve: "observe", LearnEnforce: "enforce"}
)

// String is the word in the configuration.
func (m Mode) String() string { return word(modeWords, int(m)) }

// String is the word in the configuration, "" for the zero value.
func (c Clamp) String() string { return word(clampWords, int(c)) }

// String is the word in the configuration.
func (l Learn) String() string { return word(learnWords, int(l)) }

func word(words []string, n int) string {
	if n >= len(words) {
		return fmt.Sprintf("unknown (%d)", n)
	}
	return words[n]
}
