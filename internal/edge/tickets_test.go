package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"pgregory.net/rapid"
)

// memory is a Shelf of several nodes that can be taken away.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	locked sync.Mutex
	gone   error
}

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, there := m.values[key]
	if m.gone == nil && !there {
		return nil, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	return bytes.Clone(value), m.gone
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone == nil {
		m.values[key] = bytes.Clone(value)
	}
	return m.gone
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.values {
		if k == key || strings.HasPrefix(k, key+"/") {
			delete(m.values, k)
		}
	}
	return m.gone
}

func (m *memory) List(_ context.Context, prefix string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range m.values {
		if strings.HasPrefix(k, prefix+"/") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys, m.gone
}

func (m *memory) Lock(context.Context, string) (func() error, error) {
	if m.gone != nil {
		return nil, m.gone
	}
	m.locked.Lock()
	return func() error { m.locked.Unlock(); return nil }, nil
}

// set are the keys of a keeper for crypto/tls; the first seals.
func (k *keeper) inUse() [][32]byte { return *k.set.Load() }

// Two nodes look at their shelf whenever they like, within the ten minutes. What one
// seals the other opens at once, and a day later too.
func TestWhatOneNodeSealsAnotherOpens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shelf := newMemory()
		nodes := []*keeper{{shelf: shelf, log: zap.NewNop()}, {shelf: shelf, log: zap.NewNop()}}
		now := time.Unix(1_800_000_000, 0)
		next := make([]time.Time, len(nodes))
		sealed := map[[32]byte]time.Time{}
		for range rapid.IntRange(50, 400).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(ticketLook)).Draw(t, "pause")))
			for i, k := range nodes {
				if !now.Before(next[i]) {
					k.look(t.Context(), now)
					next[i] = now.Add(ticketLook - time.Minute)
				}
				sealed[k.inUse()[0]] = now
				if len(k.keys) > ticketMost {
					t.Fatalf("%d keys are kept", len(k.keys))
				}
			}
			for key, at := range sealed {
				for i, k := range nodes {
					if now.Sub(at) < ticketKept-ticketLook && k.set.Load() != nil && !slices.Contains(k.inUse(), key) {
						t.Fatalf("node %d does not open what was sealed %s ago", i, now.Sub(at))
					}
				}
			}
		}
	})
}

func TestAKeySealsForADayAndIsForgottenADayLater(t *testing.T) {
	shelf := newMemory()
	k := &keeper{shelf: shelf, log: zap.NewNop()}
	start := time.Unix(1_800_000_000, 0)
	k.look(t.Context(), start)
	first := k.inUse()[0]
	for _, c := range []struct {
		after        time.Duration
		seals, opens bool
		keys         int
	}{
		{22 * time.Hour, true, true, 1},
		{23*time.Hour + time.Minute, true, true, 2}, // the next one lies there for all to see
		{24*time.Hour + time.Minute, false, true, 2},
		{48*time.Hour - time.Minute, false, true, 3},
		{48*time.Hour + time.Minute, false, false, 2},
		{30 * 24 * time.Hour, false, false, 2}, // nobody was there for weeks
	} {
		k.look(t.Context(), start.Add(c.after))
		set := k.inUse()
		if set[0] == first != c.seals || slices.Contains(set, first) != c.opens || len(set) != c.keys {
			t.Errorf("after %s: seals %v, opens %v, %d keys", c.after, set[0] == first, slices.Contains(set, first), len(set))
		}
	}
}

func TestWithoutTheShelfANodeGoesOnAloneAndMergesWhenItIsBack(t *testing.T) {
	shelf := newMemory()
	core, logs := observer.New(zapcore.WarnLevel)
	a, b := &keeper{shelf: shelf, log: zap.New(core)}, &keeper{shelf: shelf, log: zap.NewNop()}
	now := time.Unix(1_800_000_000, 0)
	shelf.gone = errors.New("connection refused")
	for range 30 * 6 { // five hours more than a day
		a.look(t.Context(), now)
		b.look(t.Context(), now)
		now = now.Add(ticketLook)
	}
	if logs.Len() != 1 {
		t.Errorf("%d warnings, want 1: %v", logs.Len(), logs.All())
	}
	alone := a.inUse()[0]
	if alone == b.inUse()[0] {
		t.Fatal("two nodes drew the same key")
	}
	shelf.gone = nil
	a.look(t.Context(), now)
	b.look(t.Context(), now)
	a.look(t.Context(), now)
	if !slices.Contains(b.inUse(), alone) || len(a.inUse()) != len(b.inUse()) || a.inUse()[0] != b.inUse()[0] {
		t.Errorf("%d and %d keys, sealing with the same: %v", len(a.inUse()), len(b.inUse()), a.inUse()[0] == b.inUse()[0])
	}
}

func TestKeysThatCannotBeReadAreMadeAnew(t *testing.T) {
	ahead, err := json.Marshal([]ticketKey{newTicketKey(time.Now().AddDate(1, 0, 0))})
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"no JSON": "tickets", "a short key": `[{"key": "AAAA", "from": "2026-01-01T00:00:00Z"}]`, "a year ahead": string(ahead)} {
		shelf := newMemory()
		shelf.values[ticketShelf] = []byte(text)
		k := &keeper{shelf: shelf, log: zap.NewNop()}
		k.look(t.Context(), time.Now())
		if len(k.inUse()) != 1 {
			t.Errorf("%s: %d keys", what, len(k.inUse()))
		}
		if keys, err := parseTicketKeys(shelf.values[ticketShelf]); err != nil || len(keys) != 1 {
			t.Errorf("%s: on the shelf %d keys, %v", what, len(keys), err)
		}
	}
}

// resumes says whether a session of one server is taken up by another.
func resumes(t *testing.T, version uint16, first, second *lab) bool {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true, ServerName: "mail.example.com", MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	var state tls.ConnectionState
	for _, l := range []*lab{first, second} {
		c := tls.Client(l.dial(), config)
		l.ask(c, get) // TLS 1.3 sends its tickets after the handshake: read until they are there
		state = c.ConnectionState()
	}
	return state.DidResume
}

func TestSessionsAreTakenUpAfterARestartAndOnAnotherNode(t *testing.T) {
	dir := t.TempDir()
	cert, key := makePair(t, 1)
	write(t, dir+"/both.pem", append(cert, key...))
	run := func(shelf Shelf) *lab {
		return start(t, func(cfg *Config) {
			certs, err := OpenCertificates(t.Context(), CertificatesConfig{TLS: TLS{Files: []KeyFiles{{Cert: dir + "/both.pem", Key: dir + "/both.pem"}}}, Shelf: shelf})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(certs.Close)
			cfg.Certificates = certs
		})
	}
	open := func() Shelf {
		disk, err := OpenDisk(t.Context(), dir+"/tls")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { disk.Close() })
		return disk
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		if !resumes(t, version, run(open()), run(open())) {
			t.Errorf("%s: a session was not taken up after a restart", tls.VersionName(version))
		}
		if shared := newMemory(); !resumes(t, version, run(shared), run(shared)) {
			t.Errorf("%s: a session was not taken up by another node", tls.VersionName(version))
		}
		if resumes(t, version, run(nil), run(nil)) {
			t.Errorf("%s: a session was taken up without the key", tls.VersionName(version))
		}
	}
}
