package upstream

import (
	"sync"
	"time"
)

// fading lets go of the requests of pending exchanges once they cannot be sent
// again: an hour of a Ping on a kept connection would hold on to its bytes for
// five seconds' sake. One timer serves all of them. It looks at each after one to
// two times repeatLimit, then as often as it still has to be kept.
type fading struct {
	mu         sync.Mutex
	young, old []*Pending // added since the last sweep; before it
	sweeps     *time.Timer
}

// add takes p under observation. It costs nothing where p has no request to drop.
func (f *fading) add(p *Pending) {
	if p.request.Load() == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.young = append(f.young, p)
	if f.sweeps == nil {
		f.sweeps = time.AfterFunc(repeatLimit, f.sweep)
	}
}

func (f *fading) sweep() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.old {
		if !p.fade() {
			f.young = append(f.young, p)
		}
	}
	f.old, f.young, f.sweeps = f.young, nil, nil
	if len(f.old) > 0 {
		f.sweeps = time.AfterFunc(repeatLimit, f.sweep)
	}
}

// fade drops the request if it will not go out again, and reports that it has
// none any more. It is called after repeatLimit: what is Repeatable is too late
// then. Anything else would go out on a proof that the server took nothing of
// it, and there will be none once a byte is acknowledged (or our own close has
// taken the numbers with it).
func (p *Pending) fade() bool {
	r := p.request.Load()
	if r != nil && !r.Repeatable {
		if now := p.conn.count(); now.known && now.acked == p.before.acked {
			return false
		}
	}
	p.request.Store(nil)
	return true
}
