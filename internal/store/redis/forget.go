package redis

import (
	"context"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// forgetWithin bounds a walk through all keys.
const forgetWithin = time.Minute

// Forget deletes all that is kept of a user's devices, here and in Redis, and tells the
// other nodes to do the same; n is how many there were in Redis. Forget the user
// wherever else he is known first.
func (s *Store) Forget(user string) (n int, err error) {
	s.forgets(user)
	s.Say(Word{Forget: user})
	ctx, cancel := context.WithTimeout(s.ctx, forgetWithin)
	defer cancel()
	var deleted atomic.Int64 // servers of a cluster are asked at once
	err = s.eachServer(ctx, func(ctx context.Context, c *goredis.Client) error {
		found := c.Scan(ctx, 0, s.seal.user(user)+"*", 1000).Iterator()
		for found.Next(ctx) {
			gone, err := c.Del(ctx, found.Val()).Result()
			if err != nil {
				return err
			}
			deleted.Add(gone)
		}
		return found.Err()
	})
	return int(deleted.Load()), err
}

// forgets gives up the devices of a user: what this node claims anew later, after an
// outage, must not bring them back.
func (s *Store) forgets(user string) {
	if user != "" {
		s.table.user(user)
		s.doubts.user(user)
	}
}
