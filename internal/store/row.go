package store

import (
	"encoding/json"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// Wait is a wait that has ended.
type Wait struct {
	Key     heartbeat.Key
	Ended   time.Time // to the millisecond; putting a wait with the same Key and Ended again replaces it
	Network heartbeat.Network
	Kind    string // "ping" or "sync"
	Rule    string // the policy's rule that decided
	Asked   time.Duration
	Given   time.Duration
	Held    time.Duration
	Outcome heartbeat.Outcome
	Proof   heartbeat.Proof // put the wait again when it is known
}

// A row is something to be written.
type row interface {
	table() int
	user() string           // whose it is, "" for nobody's
	values() ([]any, error) // in the order of the table's columns; made off the request path
}

type (
	deviceRow  heartbeat.DeviceSnapshot
	networkRow heartbeat.NetworkSnapshot
	waitRow    Wait
)

func (deviceRow) table() int  { return devices }
func (networkRow) table() int { return networks }
func (waitRow) table() int    { return waits }

func (r deviceRow) user() string { return clip(r.Key.Principal) }
func (networkRow) user() string  { return "" }
func (r waitRow) user() string   { return clip(r.Key.Principal) }

func (r deviceRow) values() ([]any, error) {
	state, err := json.Marshal(heartbeat.DeviceSnapshot(r))
	return []any{r.user(), clip(r.Key.Device), clip(r.Key.Type), r.Seen.UnixMilli(), string(state)}, err
}

func (r networkRow) values() ([]any, error) {
	state, err := json.Marshal(heartbeat.NetworkSnapshot(r))
	return []any{clip(r.Network.Name), int(r.Network.HTTP), r.When.UnixMilli(), string(state)}, err
}

func (r waitRow) values() ([]any, error) {
	return []any{r.user(), clip(r.Key.Device), clip(r.Key.Type), r.Ended.UnixMilli(),
		clip(r.Network.Name), int(r.Network.HTTP), clip(r.Kind), clip(r.Rule),
		r.Asked.Milliseconds(), r.Given.Milliseconds(), r.Held.Milliseconds(),
		r.Outcome.String(), r.Proof.String()}, nil
}

// longestName is what is kept of a name, as heartbeat does. They are the
// clients' choice, and a request line has room for some kilobytes.
const longestName = 255

func clip(name string) string { return name[:min(len(name), longestName)] }

// outcome and proof read their names. They are kept as words: numbers would
// change their meaning with the next one put between.
func outcome(name string) heartbeat.Outcome {
	for o := heartbeat.Outcome(1); o.String() != heartbeat.Outcome(0).String(); o++ {
		if o.String() == name {
			return o
		}
	}
	return 0
}

func proof(name string) heartbeat.Proof {
	for _, p := range []heartbeat.Proof{heartbeat.Confirmed, heartbeat.Acked, heartbeat.Lost} {
		if p.String() == name {
			return p
		}
	}
	return heartbeat.Unknown
}
