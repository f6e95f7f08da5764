package heartbeat

import "time"

// Outcome is how a wait ended. Every wait has exactly one.
type Outcome uint8

const (
	Expired       Outcome = iota + 1 // the full interval passed, nothing was new
	Changed                          // the server has something new
	Early                            // nothing new, well before the interval was over: displaced, or ended for reasons of the server
	Refused                          // the server said no: a status from 3 up, or an HTTP code below 500
	Left                             // the device closed its connection
	Reset                            // the device's connection was reset
	Silent                           // replaced by a newer wait, while its own connection gave no sign of life
	UpstreamFault                    // the server failed, or answered what nobody can read
	Drained                          // we ended it, because we are stopping
)

var outcomeNames = [...]string{
	Expired: "expired", Changed: "changed", Early: "early", Refused: "refused", Left: "left",
	Reset: "reset", Silent: "silent", UpstreamFault: "upstream", Drained: "drained",
}

// String is the name in logs and metrics.
func (o Outcome) String() string {
	if o == 0 || int(o) >= len(outcomeNames) {
		return "unknown"
	}
	return outcomeNames[o]
}

// Cause is what ended a wait, as seen on the connections.
type Cause uint8

const (
	Answered       Cause = iota // the server answered, and the device was still there
	DeviceLeft                  // FIN from the device, or its HTTP/2 stream was cancelled
	DeviceReset                 // RST from the device
	DeviceSilent                // a newer wait of the device came, this connection gave no sign of life
	UpstreamFailed              // no connection, or it broke before the answer was complete
	Draining                    // we are stopping
)

// Ending is all that is known about a wait that is over.
type Ending struct {
	Cause Cause
	Asked time.Duration // the interval that the server was asked for, 0 if it is not known
	Held  time.Duration // how long the wait took

	// What follows is about an answer, and only looked at with Answered.
	Sync    bool // of a hanging Sync; otherwise of a Ping
	HTTP    int  // its code; 0 stands for 200
	Empty   bool // it has no body: nothing is new for a Sync, and abnormal for a Ping
	Status  int  // the Status in it (MS-ASCMD 2.2.3.177.11 or .17), 0 if none could be read
	Items   bool // a Sync brought items or has more of them
	Younger bool // a younger wait of the same device was under way
}

// The statuses that decide (MS-ASCMD 2.2.3.177.11, 2.2.3.177.17, 2.2.2).
const (
	success               = 1 // Ping: interval over; Sync: fine
	pingChanges           = 2
	pingMissingParameters = 3
	syncStateVersion      = 136
)

// slack is how much earlier than asked a server may answer whose clock has
// whole seconds: Z-Push comes up to 1 s early.
const slack = time.Second

// Classify gives the one outcome of a wait. What is not understood is never
// taken for something new, nor for the proof that the path survived it.
func Classify(e Ending) Outcome {
	switch e.Cause {
	case DeviceLeft:
		return Left
	case DeviceReset:
		return Reset
	case DeviceSilent:
		return Silent
	case UpstreamFailed:
		return UpstreamFault
	case Draining:
		return Drained
	}
	switch {
	case e.HTTP >= 500:
		return UpstreamFault
	case e.HTTP != 0 && e.HTTP/100 != 2:
		return Refused // 401, 403, 449, 451: for the device to act on
	case e.displaced():
		return Early
	}
	return e.answer()
}

// displaced tells the answers by which servers end a wait that a younger one
// replaces and that mean something else at any other time: Exchange says
// Status 3, Horde nothing at all, Z-Push and grommunio 136 to a Sync.
func (e *Ending) displaced() bool {
	switch {
	case !e.Younger:
		return false
	case e.Sync:
		return e.Status == syncStateVersion
	}
	return e.Status == pingMissingParameters || e.Empty
}

func (e *Ending) answer() Outcome {
	switch {
	case e.Empty && !e.Sync:
		return UpstreamFault
	case e.Empty:
		return e.quiet()
	case e.Status <= 0:
		return UpstreamFault // a sign-in page, WBXML cut in the middle
	case e.Sync && e.Status == success && e.Items, !e.Sync && e.Status == pingChanges:
		return Changed
	case e.Status == success:
		return e.quiet()
	}
	return Refused
}

// quiet tells a full interval from one that ended before. Only the former says
// that the path is silent for so long without breaking. With an interval that
// is not known the server is believed.
func (e *Ending) quiet() Outcome {
	if e.Held >= e.Asked-max(e.Asked/20, slack) {
		return Expired
	}
	return Early
}
