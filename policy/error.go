package policy

import (
	"fmt"
	"strings"
	"time"
)

// Error is a mistake in a Spec.
type Error struct {
	At      string // the place as a path in the configuration: "rules[1].match.network[0]", counted from 0
	Problem string
	Remedy  string // the way out
}

// Error gives "policy.PLACE: PROBLEM; REMEDY" in one line.
func (e *Error) Error() string { return "policy." + e.At + ": " + e.Problem + "; " + e.Remedy }

// fault is a mistake at a place that is put together as by fmt.Sprintf.
func fault(problem, remedy, at string, args ...any) error {
	return &Error{At: fmt.Sprintf(at, args...), Problem: problem, Remedy: remedy}
}

// short is a duration as people write it: 30m, not 30m0s.
func short(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}
