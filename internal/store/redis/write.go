package redis

import (
	"context"
	"math"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// atOnce is how many devices go in one pipeline: a second's worth of a busy node, and no
// more than Redis does in some milliseconds.
const atOnce = 250

// write writes what is known of devices some time after the first change.
func (s *Store) write() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		}
		if !s.pause(s.config.pace.batch) {
			return
		}
		if s.up.Load() { // otherwise what waits is written when it is
			s.failed(s.flush())
		}
	}
}

// pause is false when the store stops.
func (s *Store) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// poke has what waits written soon.
func (s *Store) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
}

// flush writes all that waits.
func (s *Store) flush() error { return s.flushSome(math.MaxInt) }

// flushSome writes what waits of some devices; the others wait on.
func (s *Store) flushSome(most int) error {
	all, epoch := s.table.take()
	for len(all) > 0 && most > 0 {
		some := all[:min(atOnce, len(all), most)]
		if err := s.claim(some, epoch); err != nil {
			s.table.again(all)
			return err
		}
		all, most = all[len(some):], most-len(some)
	}
	s.table.again(all)
	return nil
}

// claim claims some devices and writes what is known of them.
func (s *Store) claim(some []claimed, epoch uint64) error {
	ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
	defer cancel()
	pipe := s.client.Pipeline()
	sent := make([]*goredis.Cmd, len(some))
	for i, c := range some {
		sent[i] = claim.EvalSha(ctx, pipe, []string{c.name}, s.config.Node, max(time.Since(c.since), 0).Milliseconds(),
			keptFor.Milliseconds(), s.stateOf(c), nodeChannel(""))
	}
	_, _ = pipe.Exec(ctx) // each command has its own
	err := faultOf(sent)
	s.config.Metrics.sent(opClaim, len(some))
	if forgotten(err) {
		if err = s.learnAgain(ctx); err == nil {
			s.table.again(some)
			s.poke()
			return nil
		}
	}
	if err != nil {
		return err
	}
	for i, c := range some {
		if misplaced(sent[i].Err()) {
			s.clear(ctx, c.name)
			s.table.again(some[i : i+1])
			s.poke()
			continue
		}
		s.judge(c, sent[i], epoch)
	}
	return nil
}

// stateOf is what is known of a device, sealed; "" leaves what is there.
func (s *Store) stateOf(c claimed) string {
	if !c.keep {
		return ""
	}
	state, known := s.config.State(c.key)
	if !known {
		return ""
	}
	sealed, err := s.seal.close(c.name, state)
	if err != nil {
		s.config.Metrics.dropped.Inc()
		s.config.Log.Debug("what a device has cannot be shared", zap.Error(err))
		return ""
	}
	return string(sealed)
}

// judge takes in whether a device is ours.
func (s *Store) judge(c claimed, answer *goredis.Cmd, epoch uint64) {
	said, err := answer.Slice()
	if err != nil || len(said) != 2 {
		return
	}
	ours, _ := said[0].(int64)
	was, _ := said[1].(string)
	if ours == 0 {
		s.lost(c.name)
		return
	}
	s.table.confirm(c.name, epoch)
	if was == "" && !c.keep && s.table.changed(c.name) { // Redis had forgotten it
		s.poke()
	}
}

// lost is told that a device belongs to another node.
func (s *Store) lost(name string) {
	if key, ours := s.table.lose(name); ours {
		s.config.Metrics.taken.Inc()
		s.config.Taken(key)
	}
}

// forgotten tells that Redis does not know our scripts any more: somebody has flushed
// them.
func forgotten(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") }

func (s *Store) learnAgain(ctx context.Context) error {
	return s.eachServer(ctx, func(ctx context.Context, c *goredis.Client) error {
		for _, script := range inPipelines {
			if err := script.Load(ctx, c).Err(); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachServer does something with each server that keeps keys.
func (s *Store) eachServer(ctx context.Context, do func(context.Context, *goredis.Client) error) error {
	switch c := s.client.(type) {
	case *goredis.ClusterClient:
		return c.ForEachMaster(ctx, do)
	case *goredis.Client:
		return do(ctx, c)
	}
	panic("BUG: redis: a client of another kind")
}
