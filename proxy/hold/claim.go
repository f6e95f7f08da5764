package hold

import (
	"net/netip"
	"time"
)

// Digest stands for something that must be equal to the byte and need not be kept
// itself. Make it with a key that nobody else knows: what is kept of a password is
// then of no use to whoever reads it.
type Digest [16]byte

// Claim says whose wait it is, and what it waits for.
type Claim struct {
	Address     netip.Addr // where the phone asks from
	Credentials Digest
	Question    Digest // all that the server's answer depends on; zero: not known, so equal to no other
	Accepted    bool   // the server has accepted these credentials of this device before
	Once        bool   // the answer changes what the server thinks the device has: it is for one phone alone
	Returned    bool   // on the connection on which the device was told that another wait replaces its own
}

// settled is how old an upstream wait is when the server must have looked at its
// credentials: one with a wrong password has its answer by then. Z-Push takes 3 s
// for that.
const settled = 10 * time.Second

// Two phones with one device id (one restored from the other's backup) displace
// each other with each wait, and each of them asks again at once. After so many
// returns within the window both are left alone, for a while.
const (
	contentions     = 3
	contentionSpan  = time.Minute
	contentionPeace = time.Hour
)
