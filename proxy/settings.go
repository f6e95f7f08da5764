package proxy

import (
	"net/netip"
	"time"

	"github.com/diastole/diastole/policy"
	"github.com/diastole/diastole/proxy/hold"
)

// Settings are what may change while waits are held; see Apply. Their zero value
// changes no request, holds each wait for as long as its phone is there, and sets
// no limit.
type Settings struct {
	Policy        *policy.Policy // nil changes nothing
	Hold          Hold
	Shield        Shield
	ClientHeaders bool              // the server is told of the certificate that a client has shown
	ForwardedFrom []netip.Prefix    // peers whose X-Forwarded-* are believed; none
	LocationHosts map[string]string // X-MS-Location: internal host in lower case -> public host; none
	LogRequests   bool              // a line in the log for each request that does not wait
}

// Hold says how waits are kept at the server.
type Hold struct {
	Slice    time.Duration // an upstream wait lasts no longer; 0: as long as the device's own
	Linger   time.Duration // an upstream wait is kept so long for a phone that left, 0: it is cancelled at once
	MaxWaits int           // upstream waits at once, others queue; 0: no limit
	Pace     int           // upstream waits that may start in a second; 0: no limit

	Edge      bool          // waits are held here, and the server is asked only when something may have happened
	Check     string        // how it is asked: "estimate" or "ping"
	MaxChecks int           // questions at once, others queue; 0: no limit
	CheckPace int           // questions that may start in a second; 0: no limit
	Poll      time.Duration // between two questions where nobody tells of changes; 0: 30 s
	Safety    time.Duration // and where somebody does; 0: 5 min
}

// Apply puts new settings into force. Waits that are held go on with the decisions
// that were made for them.
func (p *Proxy) Apply(s Settings) {
	if s.Policy == nil {
		s.Policy, _ = policy.Compile(policy.Spec{}) // the empty one compiles
	}
	if s.Hold.Poll <= 0 {
		s.Hold.Poll = 30 * time.Second
	}
	if s.Hold.Safety <= 0 {
		s.Hold.Safety = 5 * time.Minute
	}
	p.settings.Store(&s)
	p.guard.Store(newGuard(s.Shield)) // a reload holds nothing against anybody
	p.checks.Configure(hold.QueueConfig{Max: s.Hold.MaxChecks, Pace: s.Hold.CheckPace})
	p.queue.Configure(hold.QueueConfig{Max: s.Hold.MaxWaits, Pace: s.Hold.Pace})
}
