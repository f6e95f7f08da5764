package heartbeat

import "time"

// Evidence is what one wait tells about the idle limit of its network.
type Evidence struct {
	Device uint64        // Key.ID: three devices that died count, one that died thrice does not
	At     time.Duration // how long the connection was silent
	Died   bool          // the limit lies below At; otherwise the silence was survived and it does not
}

// shortestSilence is the idle time below which nothing is learned: no firewall
// forgets so fast, and answers that come at once would drown the rest.
const shortestSilence = step
