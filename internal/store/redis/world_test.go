package redis

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/said"
	"github.com/diastole/diastole/test/redis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var secret = []byte("a secret that only the nodes know")

// node is a Store and what it was told.
type node struct {
	*Store
	t testing.TB

	mu    sync.Mutex
	state map[string]string // by DeviceId
	taken []string
	heard []Word
	found []string
}

func newNode(t testing.TB, url string, change ...func(*Config)) *node {
	t.Helper()
	n := &node{t: t, state: map[string]string{}}
	c := Config{
		URL: url, Password: redis.Password, Secret: secret, Node: NewNode(),
		State: n.known, Taken: n.takes, Heard: n.hears, Found: n.finds, Log: zap.New(said.Core(t)),
		pace: pace{batch: time.Millisecond, health: 50 * time.Millisecond, merge: 20 * time.Millisecond, lock: time.Second, claims: time.Nanosecond},
	}
	for _, to := range change {
		to(&c)
	}
	var err error
	if n.Store, err = Open(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func (n *node) known(key heartbeat.Key) ([]byte, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	state, known := n.state[key.Device]
	return []byte(state), known
}

func (n *node) takes(key heartbeat.Key) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taken = append(n.taken, key.Device)
}

func (n *node) finds(key heartbeat.Key, state []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.found = append(n.found, key.Device+": "+string(state))
}

func (n *node) foundOnes() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return fmt.Sprint(n.found)
}

func (n *node) hears(w Word) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard = append(n.heard, w)
}

// has lets a device be accepted on this node, which then knows this of it.
func (n *node) has(key heartbeat.Key, state string) {
	n.mu.Lock()
	n.state[key.Device] = state
	n.mu.Unlock()
	n.Holds(key)
	n.Changed(key)
}

func (n *node) lostOnes() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return fmt.Sprint(n.taken)
}

func (n *node) words() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return fmt.Sprint(n.heard)
}

// written waits until nothing waits to be written.
func (n *node) written() {
	n.t.Helper()
	eventually(n.t, "all is written", func() bool {
		n.table.mu.Lock()
		defer n.table.mu.Unlock()
		for _, d := range n.table.devices {
			if d.epoch != n.table.epoch || d.keep {
				return false
			}
		}
		return len(n.table.dirty) == 0 && n.Up()
	})
}

func (n *node) isUp(want bool) {
	n.t.Helper()
	eventually(n.t, fmt.Sprintf("up: %v", want), func() bool { return n.Up() == want })
}

// eventually waits for what comes soon unless it never comes.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

func phone(id string) heartbeat.Key {
	return heartbeat.Key{Principal: "anna@example.com", Device: id, Type: "iPhone"}
}

// comes is what becomes of a device that sends a request.
func (n *node) comes(key heartbeat.Key, fresh bool) string {
	state, arrival := n.Arrive(key, fresh)
	return arrival.String() + " " + string(state)
}

func wants(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// pair is two nodes and their Redis.
func pair(t *testing.T) (server *redis.Server, a, b *node) {
	t.Helper()
	server = redis.Start(t)
	a, b = newNode(t, server.URL()), newNode(t, server.URL())
	a.isUp(true)
	b.isUp(true)
	return server, a, b
}
