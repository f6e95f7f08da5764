package hold

import "strconv"

// Sign is what a watched socket gave.
type Sign uint8

const (
	// Readable: there are bytes to read.
	Readable Sign = iota + 1
	// Left: the peer sent its FIN, whatever else may be unread before it.
	Left
	// Reset: the peer sent RST, or the socket has another error (a time-out of the
	// kernel's retransmits, for example). Where somebody who reads the socket takes
	// the error before the Lot sees it, the sign is Left: the kernel tells an error
	// once. The Lot itself never takes it.
	Reset
)

// String is the sign's name in lower case.
func (s Sign) String() string {
	switch s {
	case Readable:
		return "readable"
	case Left:
		return "left"
	case Reset:
		return "reset"
	}
	return "sign " + strconv.Itoa(int(s))
}
