package upstream

import (
	"sync"
	"time"
)

// pool keeps idle connections, the youngest on top: the old ones run out, and
// what is used again is what the server is least likely to have given up.
type pool struct {
	max     int
	timeout time.Duration

	mu     sync.Mutex
	conns  []*conn // ordered by conn.since
	sweeps bool    // a sweep is scheduled
	closed bool
}

// take returns a connection that has been idle for less than limit and is still
// alive, or nil.
func (p *pool) take(limit time.Duration) *conn {
	for limit > 0 {
		c := p.pop()
		if c == nil {
			return nil
		}
		if time.Since(c.since) >= limit {
			p.unpop(c) // those below are older still
			return nil
		}
		if c.alive() {
			return c
		}
		c.Close()
	}
	return nil
}

func (p *pool) pop() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.conns) - 1
	if last < 0 {
		return nil
	}
	c := p.conns[last]
	p.conns[last] = nil
	p.conns = p.conns[:last]
	return c
}

func (p *pool) unpop(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// A younger one may have come meanwhile: keep the order.
	i := len(p.conns)
	for i > 0 && p.conns[i-1].since.After(c.since) {
		i--
	}
	p.conns = append(p.conns, nil)
	copy(p.conns[i+1:], p.conns[i:])
	p.conns[i] = c
}

func (p *pool) put(c *conn) {
	c.since = time.Now()
	if leaver := p.push(c); leaver != nil {
		leaver.Close() // outside the lock: TLS says goodbye first, which may block
	}
}

// push returns the connection that has no place: the oldest, or c itself.
func (p *pool) push(c *conn) (leaver *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return c
	}
	p.conns = append(p.conns, c)
	if len(p.conns) > p.max {
		leaver = p.conns[0]
		p.conns = append(p.conns[:0], p.conns[1:]...)
	}
	p.schedule()
	return leaver
}

// schedule arranges the next sweep; p.mu is held.
func (p *pool) schedule() {
	if p.sweeps || len(p.conns) == 0 {
		return
	}
	p.sweeps = true
	time.AfterFunc(time.Until(p.conns[0].since.Add(p.timeout)), p.sweep)
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
	p.sweeps = false
	n := 0
	for n < len(p.conns) && time.Since(p.conns[n].since) >= p.timeout {
		n++
	}
	old := append([]*conn(nil), p.conns[:n]...)
	p.conns = append(p.conns[:0], p.conns[n:]...)
	p.schedule()
	return old
}

func (p *pool) closeAll() {
	p.mu.Lock()
	conns := p.conns
	p.conns, p.closed = nil, true
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
