package doctor

import (
	"fmt"
	"time"
)

// PathReport is what was found on the way. Its JSON is a contract with scripts: names stay.
type PathReport struct {
	URL      string    `json:"url"`
	Security *Security `json:"tls,omitempty"` // null with http://
	Server   Server    `json:"server"`
	Connect  Span      `json:"connect_seconds"`   // the first connection
	Steps    []Step    `json:"steps"`             // OPTIONS, FolderSync, Sync
	Holds    []Hold    `json:"holds"`             // as they were asked for, the shortest first
	Search   []Hold    `json:"search,omitempty"`  // between the longest that lived and the shortest that died
	Control  *Hold     `json:"control,omitempty"` // a wait that died, held again with a byte now and then
	Again    *Hold     `json:"again,omitempty"`   // the wait that the verdict hangs on, held once more
	Verdict  Verdict   `json:"verdict"`
}

// Step is one command that does not wait.
type Step struct {
	Name string `json:"name"`
	Took Span   `json:"took_seconds"`
	Says string `json:"says"`
}

// Hold is one wait and its end.
type Hold struct {
	Asked   Span    `json:"asked_seconds"`   // of the Ping
	Silence Span    `json:"silence_seconds"` // the longest time in which nothing was said; below asked where bytes were sent between
	Took    Span    `json:"took_seconds"`
	End     End     `json:"end"`
	Says    string  `json:"says"`                    // what was seen
	Status  int     `json:"status,omitempty"`        // of the Ping's answer
	HTTP    int     `json:"http,omitempty"`          // its HTTP status
	By      string  `json:"by,omitempty"`            // who answered: its Server and Via
	To      string  `json:"to,omitempty"`            // address and port that it was connected to
	Limit   Span    `json:"limit_seconds,omitempty"` // with Status 5
	Probe   Probe   `json:"probe,omitempty"`         // what a byte on the silent connection brought
	Kernel  *Kernel `json:"kernel,omitempty"`        // at the end of that
}

// Kernel is what TCP knows of the bytes that were sent.
type Kernel struct {
	Waiting     int `json:"unacknowledged_bytes"`
	Retransmits int `json:"retransmits"` // of the oldest of them
}

// End is how a wait ended.
type End string

const (
	endHeld    End = "held"      // Status 1 in time
	endEarly   End = "early"     // Status 1 before its time
	endLate    End = "late"      // an answer, when nobody waits any more
	endLimit   End = "limit"     // Status 5
	endMail    End = "disturbed" // Status 2
	endStatus  End = "status"    // another one
	endHTTP    End = "http"      // another HTTP status than 200
	endStrange End = "strange"   // something that is no answer to a Ping
	endClosed  End = "closed"    // FIN
	endReset   End = "reset"     // RST
	endSilent  End = "silent"    // nothing
	endFailed  End = "failed"    // it never began
	endSlept   End = "slept"     // this machine did
	endGivenUp End = "given up"  // a shorter one was dead
)

// spoke says whether something came over the connection, and so how long a silence the
// way has survived.
func (h Hold) spoke() (survived time.Duration, ok bool) {
	switch h.End {
	case endSilent, endFailed, endSlept, endGivenUp:
		return 0, false
	}
	return time.Duration(min(h.Took, h.Silence)), true
}

// Probe is what a byte brought on a connection whose answer did not come.
type Probe string

const (
	probeAnswered Probe = "answered"
	probeReset    Probe = "reset"
	probeClosed   Probe = "closed"
	probeLost     Probe = "not acknowledged"
	probeAcked    Probe = "acknowledged"
	probeNothing  Probe = "nothing"
)

func (p Probe) words(k *Kernel) string {
	switch p {
	case probeAnswered:
		return "an answer came after all"
	case probeReset:
		return "a byte on the same connection was refused (RST)"
	case probeClosed:
		return "it was closed (FIN) when a byte was sent"
	case probeLost:
		return fmt.Sprintf("a byte on the same connection is lost (%d retransmissions)", k.Retransmits)
	case probeAcked:
		return "a byte on the same connection is acknowledged"
	}
	return "a byte on the same connection brings nothing"
}

// Side is where waits are cut, seen from the device.
type Side string

const (
	SideNone    Side = "none"    // nothing cuts
	SideClient  Side = "client"  // a box on the way forgets silent connections
	SideServer  Side = "server"  // the far end closes, or ends waits early
	SideProxy   Side = "proxy"   // something in front of the server loses its patience, and says so
	SideUnknown Side = "unknown" // it cannot be told
)

// Verdict is what it comes to.
type Verdict struct {
	Side     Side     `json:"side"`
	After    Span     `json:"after_seconds,omitempty"` // when it cuts; with none: what was survived
	Low      Span     `json:"low_seconds,omitempty"`   // survived
	High     Span     `json:"high_seconds,omitempty"`  // not survived
	Says     string   `json:"says"`                    // one sentence
	Suspects []string `json:"suspects,omitempty"`      // whose default that time is
	Ways     []string `json:"ways,omitempty"`          // out
	Notes    []string `json:"notes,omitempty"`
}
