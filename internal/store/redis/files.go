package redis

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// Files are small named bytes that all nodes share: certificates, their keys, the keys
// of session tickets. Names can be read in Redis, what they stand for cannot.
type Files struct{ store *Store }

// Files gives them.
func (s *Store) Files() *Files { return &Files{s} }

// Get gives a file; an error that is fs.ErrNotExist says that there is none.
func (f *Files) Get(ctx context.Context, name string) ([]byte, error) {
	_, value, err := f.read(ctx, name)
	return value, err
}

// Stat says when a file was written, and how long it is.
func (f *Files) Stat(ctx context.Context, name string) (written time.Time, size int, err error) {
	written, value, err := f.read(ctx, name)
	return written, len(value), err
}

func (f *Files) read(ctx context.Context, name string) (written time.Time, value []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	is, err := fields.Run(ctx, f.store.client, []string{filesKey}, mostRead, name).StringSlice()
	f.store.config.Metrics.sent(opFile, 1)
	switch {
	case err != nil:
		return written, nil, fmt.Errorf("state.redis: %s: %w", name, err)
	case is[0] == "":
		return written, nil, fmt.Errorf("state.redis: %s: %w", name, fs.ErrNotExist)
	}
	value, err = f.store.seal.open(filePlace(name), []byte(is[0]))
	if err != nil || len(value) < 8 {
		f.store.config.Metrics.refused.Inc()
		return written, nil, fmt.Errorf("state.redis: %s: %w", name, ErrNotBelieved)
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(value))), value[8:], nil
}

// filePlace is what a file is sealed for.
func filePlace(name string) string { return filesKey + name }

// Set writes a file, of at most a megabyte.
func (f *Files) Set(ctx context.Context, name string, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	dated := append(binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli())), value...)
	sealed, err := f.store.seal.close(filePlace(name), dated)
	if err == nil {
		err = f.store.client.HSet(ctx, filesKey, name, sealed).Err()
		f.store.config.Metrics.sent(opFile, 1)
	}
	if err != nil {
		return fmt.Errorf("state.redis: %s: %w", name, err)
	}
	return nil
}

// Delete deletes a file, and all whose names begin with it and a slash. That there is
// none is no error.
func (f *Files) Delete(ctx context.Context, name string) error {
	below, err := f.List(ctx, name+"/")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err = f.store.client.HDel(ctx, filesKey, append(below, name)...).Err()
	f.store.config.Metrics.sent(opFile, 1)
	if err != nil {
		return fmt.Errorf("state.redis: %s: %w", name, err)
	}
	return nil
}

// List gives the names that begin so, sorted.
func (f *Files) List(ctx context.Context, begin string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	names, err := f.store.client.HKeys(ctx, filesKey).Result()
	f.store.config.Metrics.sent(opFile, 1)
	if err != nil {
		return nil, fmt.Errorf("state.redis: %w", err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, begin) })
	slices.Sort(names)
	return names, nil
}

// Lock waits until no other node has the lock of that name, or ctx ends. A node that
// dies with a lock keeps it for half a minute; one that lives keeps it until unlock.
func (f *Files) Lock(ctx context.Context, name string) (unlock func(), err error) {
	s, key, token := f.store, filesKey+":lock:"+name, rand.Text()
	for {
		ours, err := s.client.SetNX(ctx, key, token, s.config.pace.lock).Result()
		s.config.Metrics.sent(opFile, 1)
		if err != nil {
			return nil, fmt.Errorf("state.redis: the lock of %s: %w", name, err)
		}
		if ours {
			return f.keepLock(key, token), nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("state.redis: the lock of %s: %w", name, ctx.Err())
		case <-time.After(s.config.pace.lock / 60):
		}
	}
}

// keepLock renews a lock until it is given back.
func (f *Files) keepLock(key, token string) (free func()) {
	s := f.store
	done := make(chan struct{})
	s.work.Go(func() {
		for {
			select {
			case <-s.ctx.Done():
				return
			case <-done:
				return
			case <-time.After(s.config.pace.lock / 3):
			}
			ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
			_ = renew.Run(ctx, s.client, []string{key}, token, s.config.pace.lock.Milliseconds()).Err() // tried again
			cancel()
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
		defer cancel()
		_ = unlock.Run(ctx, s.client, []string{key}, token).Err() // it ends by itself
	})
}
