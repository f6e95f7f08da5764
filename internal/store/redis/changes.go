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
	listed, err := s.client.ZRangeByScoreWithScores(ctx, networksKey, &goredis.ZRangeBy{
		Min: strconv.FormatInt(max(c.upto-lately.Milliseconds(), 0), 10), Max: "+inf", Count: 2 * mergesAtOnce,
	}).Result()
	s.config.Metrics.sent(opNetwork, 1)
	for _, z := range listed {
		name, _ := z.Member.(string)
		if at := int64(z.Score); c.seen[name] != at && len(changed) < mergesAtOnce {
			changed = append(changed, change{name, at})
		}
	}
	if n := len(listed); n > 0 && len(changed) == 0 { // all of them are known: go on behind them
		c.upto = max(c.upto, int64(listed[n-1].Score))
	}
	return changed, err
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
	pipe := s.client.Pipeline()
	pipe.ZAdd(ctx, networksKey, goredis.Z{Score: float64(one.at), Member: one.name})
	pipe.ZRemRangeByRank(ctx, networksKey, 0, -mostNetworks-1)
	_, err := pipe.Exec(ctx)
	s.config.Metrics.sent(opNetwork, 2)
	if c.seen == nil {
		c.seen = map[string]int64{}
	}
	c.seen[one.name] = one.at
	return err
}
