package imap

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/wake"
)

// reporter tells people of a trouble once, not once for each of thousands of users.
type reporter struct {
	log    *zap.Logger
	health *wake.Health
	mu     sync.Mutex
	at     [troubles]time.Time
}

// again is after how long a trouble is told again that has not ended.
const again = time.Hour

// tell reports why a connection ended, or was none. What is everyday business is left to the
// metrics: a wrong password, a connection that was closed.
func (r *reporter) tell(t trouble, err error) {
	switch t {
	case unreachable, untrusted: // of everybody's, the others may be of one user
		r.health.Down(err.Error(), zap.String("reason", t.String()))
	case unavailable, unsuitable:
		r.warn(t, "a user of the IMAP server, or all, are looked at every wake.poll: "+err.Error())
	case limited:
		r.warn(t, "users beyond a limit of the IMAP server are looked at every wake.poll: "+err.Error())
	case capped:
		r.warn(t, "users beyond wake.imap.connections are looked at every wake.poll, those first whose mailbox was quiet for longest")
	case hung:
		r.warn(t, "a connection to the IMAP server stood and was not answered any more: it is made anew")
	case missed:
		r.warn(t, "the IMAP server says that it has lost events: these mailboxes are looked at")
	}
}

// master tells that the master user was refused, where the blame is not a phone's.
func (r *reporter) master() {
	r.warn(refused, "the IMAP server refuses the master user for a mailbox: check wake.imap.master, and whether wake.users gives the names that it knows")
}

func (r *reporter) warn(t trouble, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); r.at[t].IsZero() || now.Sub(r.at[t]) >= again {
		r.at[t] = now
		r.log.Warn("trouble with the IMAP server", zap.String("reason", t.String()), zap.String("why", text))
	}
}
