package heartbeat

// Proof says whether an answer that was written after an idle time reached its
// device. Without it an answer into a dead connection looks like a success.
type Proof uint8

const (
	// Unknown teaches nothing: behind a balancer TCP speaks of the balancer, on
	// HTTP/2 other traffic lies between.
	Unknown   Proof = iota
	Confirmed       // the next request came on the same connection
	Acked           // the device's TCP acknowledged it
	Lost            // still unacknowledged after the retransmits
)

// String is the name in logs, metrics and tables.
func (p Proof) String() string {
	switch p {
	case Confirmed:
		return "confirmed"
	case Acked:
		return "acked"
	case Lost:
		return "lost"
	}
	return "unknown"
}

func (p Proof) delivered() bool { return p == Confirmed || p == Acked }
