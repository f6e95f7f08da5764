package upstream

import (
	"slices"
	"sync"
	"time"
)

// settle is how long a connection rests after its first answer before it carries
// a request that must not be sent twice, where the server has not shown yet that
// it keeps connections. sogod answers as if it did and closes without a word; a
// request that it finds unread in its buffer then dies with a RST that proves
// nothing (see retry.go). After the rest its FIN is there and is seen.
const settle = 500 * time.Millisecond

// pool keeps idle connections, the youngest on top: the old ones run out, and
// what is used again is what the server is least likely to have given up.
type pool struct {
	max     int
	timeout time.Duration

	mu     sync.Mutex
	conns  []*conn // ordered by conn.since
	keeps  bool    // the server has answered twice on one connection
	sweeps *time.Timer
	closed bool
}

// take returns a connection that may carry r and is still alive, or nil.
func (p *pool) take(r *Request) *conn {
	limit, patience := r.reuseLimit()
	if limit == 0 {
		return nil
	}
	for {
		c := p.pop(limit, patience)
		if c == nil || c.alive() {
			return c
		}
		if c.answered == 1 && time.Since(c.since) < settle {
			p.distrust()
		}
		c.abort()
	}
}

// pop takes the youngest connection that has rested for less than limit, and for
// at least patience where nothing shows that the server keeps it.
func (p *pool) pop(limit, patience time.Duration) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for i := len(p.conns) - 1; i >= 0; i-- {
		c := p.conns[i]
		rested := now.Sub(c.since)
		if rested >= limit {
			return nil // those below are older still
		}
		if p.keeps || c.answered > 1 || rested >= patience {
			p.conns = slices.Delete(p.conns, i, i+1)
			return c
		}
	}
	return nil
}

// distrust takes note that the server closes connections without saying so.
func (p *pool) distrust() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keeps = false
}

// put lets c rest until its next request.
func (p *pool) put(c *conn) {
	if leaver := p.push(c); leaver != nil {
		leaver.Close() // outside the lock: TLS says goodbye first, which may block
	}
}

// push returns the connection that has no place: the oldest, or c itself.
func (p *pool) push(c *conn) (leaver *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keeps = p.keeps || c.answered > 1
	if p.closed {
		return c
	}
	if len(p.conns) >= p.max {
		if !p.keeps {
			return c // or none would ever rest long enough to show that it is kept
		}
		leaver = p.conns[0]
		p.conns = slices.Delete(p.conns, 0, 1)
	}
	c.since = time.Now()
	p.conns = append(p.conns, c)
	p.schedule()
	return leaver
}

// schedule arranges the next sweep, one at a time; p.mu is held.
func (p *pool) schedule() {
	if p.sweeps == nil && len(p.conns) > 0 {
		p.sweeps = time.AfterFunc(time.Until(p.conns[0].since.Add(p.timeout)), p.sweep)
	}
}

// sweep closes what has been idle for too long. Without it a burst would leave
// its connections, each a worker on some servers, open until the next burst.
func (p *pool) sweep() {
	for _, c := range p.expired() {
		c.Close()
	}
}

func (p *pool) expired() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.conns) && time.Since(p.conns[n].since) >= p.timeout {
		n++
	}
	old := slices.Clone(p.conns[:n])
	p.conns = slices.Delete(p.conns, 0, n)
	p.sweeps = nil
	p.schedule()
	return old
}

func (p *pool) closeAll() {
	p.mu.Lock()
	conns := p.conns
	p.conns, p.closed = nil, true
	if p.sweeps != nil {
		p.sweeps.Stop() // or the pool would stay in memory for another timeout
	}
	p.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
}

func (p *pool) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}
