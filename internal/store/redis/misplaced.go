package redis

import (
	"context"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// misplaced tells that something stands at a key that is no value of ours: whoever may
// write there has put it there. It says nothing of Redis, and nothing of other keys.
func misplaced(err error) bool { return err != nil && strings.Contains(err.Error(), "WRONGTYPE") }

// clear takes it away, or nobody could ever keep anything there.
func (s *Store) clear(ctx context.Context, name string) {
	s.config.Metrics.refused.Inc()
	s.failed(s.client.Del(ctx, name).Err())
}

// faultOf is the first fault of commands that were sent together which is not only that
// of one key.
func faultOf[C goredis.Cmder](sent []C) error {
	for _, one := range sent {
		if err := one.Err(); err != nil && !misplaced(err) {
			return err
		}
	}
	return nil
}
