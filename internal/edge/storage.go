package edge

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/caddyserver/certmagic"
)

// storage is a Shelf as certmagic wants it.
type storage struct {
	Shelf
	mu    sync.Mutex
	locks map[string]func() error // those that certmagic has
}

func newStorage(s Shelf) *storage { return &storage{Shelf: s, locks: map[string]func() error{}} }

// Store is certmagic's.
func (s *storage) Store(ctx context.Context, key string, value []byte) error {
	return s.Set(ctx, key, value)
}

// Load is certmagic's.
func (s *storage) Load(ctx context.Context, key string) ([]byte, error) { return s.Get(ctx, key) }

// Exists is true for a key and for what has keys below it.
func (s *storage) Exists(ctx context.Context, key string) bool {
	_, err := s.Stat(ctx, key)
	return err == nil
}

// List gives what is directly below prefix, or all of it.
func (s *storage) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	all, err := s.Shelf.List(ctx, prefix)
	if err != nil || recursive {
		return all, err
	}
	var keys []string
	seen := map[string]bool{}
	for _, key := range all {
		below := strings.TrimPrefix(strings.TrimPrefix(key, prefix), "/")
		name, _, _ := strings.Cut(below, "/")
		if child := strings.TrimPrefix(prefix+"/"+name, "/"); !seen[child] {
			seen[child] = true
			keys = append(keys, child)
		}
	}
	return keys, nil
}

// Stat is certmagic's; when a value was put there is not known, and not needed.
func (s *storage) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	if value, err := s.Get(ctx, key); err == nil {
		return certmagic.KeyInfo{Key: key, Size: int64(len(value)), IsTerminal: true}, nil
	}
	below, err := s.Shelf.List(ctx, key)
	if err != nil {
		return certmagic.KeyInfo{}, err
	}
	if len(below) == 0 {
		return certmagic.KeyInfo{}, fs.ErrNotExist
	}
	return certmagic.KeyInfo{Key: key}, nil
}

// Lock is certmagic's, which unlocks by name.
func (s *storage) Lock(ctx context.Context, name string) error {
	unlock, err := s.Shelf.Lock(ctx, name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locks[name] = unlock
	return nil
}

// Unlock is certmagic's.
func (s *storage) Unlock(_ context.Context, name string) error {
	s.mu.Lock()
	unlock := s.locks[name]
	delete(s.locks, name)
	s.mu.Unlock()
	if unlock == nil {
		return fmt.Errorf("edge: %s was not locked", name)
	}
	return unlock()
}
