package proof

import (
	"net/netip"
	"syscall"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// Answer is an answer that is being written after a silence.
type Answer struct {
	Conn   syscall.RawConn // the device's TCP connection; nil where there is none
	Before Mark            // Conn before the answer's first byte
	Held   time.Duration   // how long the wait was held, which is how long the path should have been silent

	// Device is the device's address as the PROXY header gives it. Where it is
	// not the socket's peer, TCP speaks of a balancer and is not asked.
	Device netip.AddrPort
	// Shared: requests on Conn do not follow upon answers (HTTP/2), so a next
	// one does not prove that this answer was read.
	Shared bool
	// Who is whose answer it is, for Heard; the zero Key is nobody.
	Who heartbeat.Key
}

// slack is what a connection may have been silent less than its wait was held:
// the request itself takes its time to arrive and to be understood.
const slack = time.Second

// stirred says whether something crossed the connection while the answer was
// awaited. What arrives then proves nothing about so long a silence.
func (a *Answer) stirred() bool {
	idle, known := a.Before.Idle()
	return known && idle < a.Held-slack
}

// Blind says that TCP cannot be asked: there is no socket, or a balancer at its
// other end.
func (a *Answer) Blind() bool {
	return a.Conn == nil || !a.Before.readable || a.Before.balanced(a.Device)
}

// enough time-outs in a row of the kernel, each twice as long as the one before,
// are no chance loss any more. Fewer within the window mean a path so slow that
// nothing can be said yet.
const enough = 2

// unwritten is how long an answer may take to get from the HTTP server into the
// socket.
const unwritten = 5 * time.Second

// A trace is what has been seen of one answer so far. It is pure: readings and
// ages go in, a judgement comes out.
type trace struct {
	before uint64 // written before the answer
	target uint64 // written with it; 0 as long as it is not in the socket
	part   bool   // some of it was acknowledged
	acked  bool   // all of it was
}

// see takes in a reading and says what is certain by now.
func (t *trace) see(r reading, age, window time.Duration) (p heartbeat.Proof, over bool) {
	if t.target == 0 && r.written > t.before {
		t.target = r.written
	}
	t.part = t.part || r.acked > t.before
	t.acked = t.acked || t.target > 0 && r.acked >= t.target
	switch {
	case t.acked:
		return heartbeat.Acked, age >= window // until then its device may still be heard
	case t.target == 0:
		return heartbeat.Unknown, r.closed || age >= min(unwritten, window)
	case r.closed || age >= window:
		return t.missed(r), true
	}
	return heartbeat.Unknown, false
}

// missed judges an answer that was not acknowledged in time, or whose connection
// was reset or given up. A part that did arrive shows that the path lives.
func (t *trace) missed(r reading) heartbeat.Proof {
	if !t.part && (r.closed || r.retransmits >= enough) {
		return heartbeat.Lost
	}
	return heartbeat.Unknown
}

// known is the judgement where nothing more will be seen.
func (t *trace) known() heartbeat.Proof {
	if t.acked {
		return heartbeat.Acked
	}
	return heartbeat.Unknown
}
