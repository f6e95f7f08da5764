package lab

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// FaultKind is a way to misbehave.
type FaultKind uint8

const (
	FaultSlow       FaultKind = iota + 1 // the right answer, After later
	FaultEarly                           // a wait ends after After, as if its time were over
	FaultLate                            // a wait is held After longer than was asked
	FaultHTTP                            // HTTP status Code with Header and Body instead of an answer, after After
	FaultStatus                          // the command's own document with ActiveSync status Code, after After
	FaultCutBefore                       // after After the connection ends (FIN) without a byte
	FaultReset                           // after After it ends with RST
	FaultMute                            // no answer at all, until the client leaves
	FaultLost                            // the work is done, then the connection ends without a byte
	FaultCutHead                         // the connection ends after the answer's head
	FaultCutChunk                        // it ends in the middle of a chunk
	FaultDribble                         // the right answer, each byte in a segment of its own
	FaultGarbage                         // the right answer with garbage after its document, counted in the length
	FaultCloseAfter                      // the right answer, then the connection ends without "Connection: close" (sogod)
)

// Fault is one rule of misbehaviour: which requests, how often, how.
type Fault struct {
	Match         Match // nil = every request
	Times         int   // how many requests it hits, 0 = all
	Kind          FaultKind
	After         time.Duration
	Code          int         // FaultHTTP: HTTP status. FaultStatus: the ActiveSync status
	Limit         int         // FaultStatus: HeartbeatInterval for Ping's 5, MaxFolders for 6, Limit for Sync's 14 and 15
	InCollections bool        // FaultStatus with Sync: in each collection instead of above them
	Header        http.Header // FaultHTTP, in the spelling that goes on the wire
	Body          string      // FaultHTTP
}

// Request is what a Match looks at.
type Request struct {
	HTTP           *http.Request
	Command        string // "Ping"; "" for OPTIONS and for other paths than ActiveSync's
	User, DeviceID string // as the client claims
	Conn           int    // the server's count of connections, from 1; 0 without ConnContext
	Nth            int    // the how-manyth request on this connection, from 1
}

// Match chooses requests.
type Match func(*Request) bool

// On matches a command, in any case.
func On(command string) Match {
	return func(r *Request) bool { return strings.EqualFold(r.Command, command) }
}

// ByDevice matches the requests of one device.
func ByDevice(id string) Match {
	return func(r *Request) bool { return deviceName(r.DeviceID) == deviceName(id) }
}

// Reused matches requests on a connection that has carried one before: with FaultReset or FaultCutBefore that is
// the kept-alive connection that was stale when it was used.
func Reused(r *Request) bool { return r.Nth > 1 }

// All matches what every one of the matches does.
func All(matches ...Match) Match {
	return func(r *Request) bool {
		return !slices.ContainsFunc(matches, func(m Match) bool { return !m(r) })
	}
}

// Throttled is Exchange when a budget is used up: 503 with Retry-After in seconds.
func Throttled(m Match, retryAfter string) Fault {
	return Fault{Match: m, Kind: FaultHTTP, Code: 503, Header: http.Header{
		"Retry-After": {retryAfter}, "X-MS-ASThrottle": {"CommandFrequency"}}}
}

// Redirected is a server that is the wrong one for this mailbox: 451 with the URL of the right one (MS-ASHTTP 3.1.5.2.2).
func Redirected(m Match, location string) Fault {
	return Fault{Match: m, Kind: FaultHTTP, Code: 451, Header: http.Header{"X-MS-Location": {location}}}
}

// SignIn is a gateway that answers its sign-in page with 200.
func SignIn(m Match) Fault {
	return Fault{Match: m, Kind: FaultHTTP, Code: 200, Header: http.Header{"Content-Type": {"text/html"}},
		Body: "<!DOCTYPE html><html><title>Sign in</title><form method=post action=/login></form></html>\n"}
}

// rule is a Fault at work.
type rule struct {
	Fault
	left int
}

// Inject puts a fault to work. The first rule that matches a request and is not used up gets it. remove ends it.
func (s *Server) Inject(f Fault) (remove func()) {
	r := &rule{Fault: f, left: f.Times}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, r)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.rules = slices.DeleteFunc(s.rules, func(other *rule) bool { return other == r })
	}
}

// fault picks the rule for a request; nil without one.
func (s *Server) fault(r *Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, rule := range s.rules {
		if rule.Match != nil && !rule.Match(r) {
			continue
		}
		if rule.Times > 0 {
			if rule.left--; rule.left == 0 {
				s.rules = slices.Delete(s.rules, i, i+1)
			}
		}
		return &rule.Fault
	}
	return nil
}

// stretch is how long a wait of d lasts under this fault.
func (f *Fault) stretch(d time.Duration) time.Duration {
	switch {
	case f == nil:
		return d
	case f.Kind == FaultEarly:
		return min(d, f.After)
	case f.Kind == FaultLate:
		return d + f.After
	}
	return d
}
