package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/test/redis"
)

func TestFilesAreSharedAndSealed(t *testing.T) {
	server, a, b := pair(t)
	ctx := t.Context()
	if _, err := a.Files().Get(ctx, "acme/key"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	for _, name := range []string{"acme/sites/b", "acme/sites/a", "acme/key", "other"} {
		if err := a.Files().Set(ctx, name, []byte("PRIVATE KEY of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := b.Files().Get(ctx, "acme/key")
	if string(got) != "PRIVATE KEY of acme/key" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if written, size, err := b.Files().Stat(ctx, "acme/key"); size != len(got) || time.Since(written) > time.Minute || err != nil {
		t.Errorf("%d bytes of %v, %v", size, written, err)
	}
	if names, err := b.Files().List(ctx, "acme/"); fmt.Sprint(names) != "[acme/key acme/sites/a acme/sites/b]" || err != nil {
		t.Errorf("%v, %v", names, err)
	}
	if text := server.Ask("HGET " + filesKey + " acme/key"); strings.Contains(text, "PRIVATE") {
		t.Error("who reads Redis has the key")
	}
	server.Ask("EVAL \"return redis.call('HSET', KEYS[1], 'other', redis.call('HGET', KEYS[1], 'acme/key'))\" 1 " + filesKey)
	if _, err := b.Files().Get(ctx, "other"); !errors.Is(err, ErrNotBelieved) {
		t.Errorf("a file in the place of another: %v", err)
	}
	if err := b.Files().Delete(ctx, "acme/sites"); err != nil {
		t.Error(err)
	}
	if names, err := a.Files().List(ctx, ""); fmt.Sprint(names) != "[acme/key other]" || err != nil {
		t.Errorf("%v, %v", names, err)
	}
	if err := a.Files().Set(ctx, "large", make([]byte, mostSealed+1)); err == nil {
		t.Error("a file of any length is taken")
	}
}

func TestOnlyOneNodeHasALock(t *testing.T) {
	server, a, b := pair(t)
	var inside, most int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			free, err := []*node{a, b}[i%2].Files().Lock(t.Context(), "issue example.com")
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			if i < 2 {
				outlives(t, server, "issue example.com")
			}
			mu.Lock()
			inside--
			mu.Unlock()
			free()
			free()
		})
	}
	all.Wait()
	if most != 1 {
		t.Errorf("%d had the lock at once", most)
	}
}

// outlives returns when a lock has been renewed: by itself it would have ended.
func outlives(t *testing.T, server *redis.Server, lock string) {
	left := func() string {
		return server.Ask("EVAL \"return redis.call('PTTL', KEYS[1])\" 1 \"" + filesKey + ":lock:" + lock + "\"")
	}
	least := 1 << 30
	eventually(t, "a lock is renewed", func() bool {
		now, _ := strconv.Atoi(left())
		defer func() { least = min(least, now) }()
		return now > least
	})
}

func TestALockIsNotWaitedForLongerThanOneMay(t *testing.T) {
	_, a, b := pair(t)
	free, err := a.Files().Lock(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	defer free()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.Files().Lock(ctx, "one"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestASealIsOpenedInItsPlaceOnlyAndBoundsWhatComesOut(t *testing.T) {
	s := newSeal(secret)
	value := bytes.Repeat([]byte("what a device has "), 1000)
	sealed, err := s.close("place", value)
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) > len(value)/10 {
		t.Errorf("%d bytes take %d: they are not packed", len(value), len(sealed))
	}
	if got, err := s.open("place", sealed); !bytes.Equal(got, value) || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "cut": sealed[:20], "of another version": append([]byte{2}, sealed[1:]...),
		"changed": append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1), "too long": make([]byte, 2*mostSealed),
	} {
		if _, err := s.open("place", bad); !errors.Is(err, ErrNotBelieved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.open("another place", sealed); !errors.Is(err, ErrNotBelieved) {
		t.Errorf("in another place: %v", err)
	}
}
