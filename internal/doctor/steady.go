package doctor

import (
	"context"
	"net"
	"sync"
	"time"
)

// steady dials, of the addresses that a name has, always the one that answered first:
// waits to several would be judged as one way, and an address that is dead would cost
// each connection half a minute again.
type steady struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	known map[string]string // numeric, by name
	first time.Duration     // that the first connection took; 0: none was made
}

// Dial is as net.Dialer's. Where the known address does not answer any more, the name's
// others are tried, as phones do.
func (s *steady) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	numeric := s.known[address]
	s.mu.Unlock()
	if numeric != "" {
		if c, err := s.dial(ctx, network, numeric); err == nil || ctx.Err() != nil {
			return c, err
		}
	}
	began := time.Now()
	c, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[address] = c.RemoteAddr().String()
	if s.first == 0 {
		s.first = max(time.Since(began), 1)
	}
	return c, nil
}

// took is how long the first connection took.
func (s *steady) took() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}
