package store

import (
	"fmt"
	"time"

	"go.uber.org/zap"
)

// Forget deletes all devices, waits and havings of a user, written the way Put got
// it; n is how many rows there were. When it returns without an error their bytes
// are gone from the file and from its log too. Networks name nobody. What is put
// afterwards is kept again: forget the user wherever else it is known first.
func (s *Store) Forget(user string) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	user = clip(user)
	s.queue.forget(user)
	n, err = s.db.forget(user)
	if err != nil {
		s.trouble(err, time.Now())
		return n, fmt.Errorf("forgetting a user: %w", err)
	}
	if aside := s.aside(); len(aside) > 0 {
		s.config.Log.Warn("store: damaged files that were set aside may still name a user who is to be forgotten: look at them and delete them",
			zap.Strings("paths", aside))
	}
	return n, nil
}
