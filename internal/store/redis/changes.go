package redis

import (
	"context"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/diastole/diastole/heartbeat"
)

// mostNetworks is how many are listed; beyond it the one that changed first goes.
const mostNetworks = heartbeat.DefaultNetworks

// lately is how much further than the last look a look at the list goes back: who
// writes there may be a moment late.
const lately = 10 * time.Second

// changes is the list of networks by when they changed, as far as this node has read it.
type changes struct {
	upto int64            // ms since 1970, by the clock of Redis
	seen map[string]int64 // when each changed that was read
}

// page is how many are read of the list at once.
const page = 2 * mergesAtOnce

// change is a network that has changed.
type change struct {
	name string
	at   int64
}

// since gives what others have changed since the last look, and no more of it than has
// its turn now.
func (c *changes) since(s *Store) (changed []change, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
	defer cancel()
	from := strconv.FormatInt(max(c.upto-lately.Milliseconds(), 0), 10)
	// Page by page: of so many changes in so short a time that one page is known already,
	// the others would never be read.
	for read := int64(0); read < 2*mostNetworks && len(changed) < mergesAtOnce; read += page {
		listed, err := s.client.ZRangeByScoreWithScores(ctx, networksKey, &goredis.ZRangeBy{Min: from, Max: "+inf", Offset: read, Count: page}).Result()
		s.config.Metrics.sent(opNetwork, 1)
		for _, z := range listed {
			name, _ := z.Member.(string)
			if at := int64(z.Score); c.seen[name] != at && len(changed) < mergesAtOnce {
				changed = append(changed, change{name, at})
			}
		}
		if n := len(listed); n > 0 && len(changed) == 0 { // all so far are known
			c.upto = max(c.upto, int64(listed[n-1].Score))
		}
		if err != nil || len(listed) < page {
			return changed, err
		}
	}
	return changed, nil
}

// took notes that this node knows of a change.
func (c *changes) took(one change) {
	if c.seen == nil || len(c.seen) >= 2*mostNetworks {
		c.seen = map[string]int64{} // what is listed is read once more
	}
	c.seen[one.name] = one.at
	c.upto = max(c.upto, one.at)
}

// list notes for all that this node has changed a network.
func (c *changes) list(s *Store, one change) error {
	ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
	defer cancel()
	err := s.list(ctx, one)
	if misplaced(err) {
		s.clear(ctx, networksKey)
		err = s.list(ctx, one)
	}
	if c.seen == nil {
		c.seen = map[string]int64{}
	}
	c.seen[one.name] = one.at
	return err
}

func (s *Store) list(ctx context.Context, one change) error {
	pipe := s.client.Pipeline()
	pipe.ZAdd(ctx, networksKey, goredis.Z{Score: float64(one.at), Member: one.name})
	pipe.ZRemRangeByRank(ctx, networksKey, 0, -mostNetworks-1)
	_, err := pipe.Exec(ctx)
	s.config.Metrics.sent(opNetwork, 2)
	return err
}
