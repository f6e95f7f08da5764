package nodes

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/test/redis"
)

// counted is what Redis had to do for phones that did something.
type counted struct {
	waits, moves int64
	sent, inside float64 // by the nodes; carried out, those in scripts among them
	seconds      float64
}

// counts lets phones wait for 2 s again and again until so many waits are over.
func counts(t *testing.T, waits int64, moving bool) (c counted) {
	const crowd = 100
	users := map[string]string{}
	for i := range crowd {
		users[fmt.Sprintf("user%d", i)] = "secret"
	}
	r := redis.Start(t)
	server := newServer(t, users)
	nodes := []*node{newNode(t, "a", server.url, "hold: edge, profile: zpush", r), newNode(t, "b", server.url, "hold: edge, profile: zpush", r)}
	var over atomic.Int64
	all := make([]*phone, crowd)
	for i := range all {
		all[i] = newPhone(fmt.Sprintf("user%d", i), "203.0.113.9", 0, nodes, lab.PhoneConfig{Ladder: lab.Fixed(time.Minute), Scale: 30,
			OnWait: func(lab.Wait) { over.Add(1) }})
	}
	ctx, cancel := context.WithCancel(t.Context())
	var living sync.WaitGroup
	for _, p := range all {
		living.Go(func() { p.live(ctx) })
	}
	defer func() { cancel(); living.Wait() }()
	operations := func() (sent float64) {
		for _, n := range nodes {
			sent += n.metric("diastole_redis_operations_total")
		}
		return sent
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for over.Load() < crowd { // all have come
		<-tick.C
	}
	begin, sent, inside := time.Now(), operations(), r.Operations()
	before := over.Load()
	for over.Load() < before+waits {
		<-tick.C
		if moving {
			all[c.moves%crowd].moves()
			c.moves++
		}
	}
	return counted{over.Load() - before, c.moves, operations() - sent, float64(r.Operations() - inside), time.Since(begin).Seconds()}
}

// What a fleet costs is reckoned from this (docs/scale.md).
func TestWhatAWaitAndAMoveCostRedis(t *testing.T) {
	stay := counts(t, 500, false)
	// Once a second each node asks whether Redis is there, by two connections, and every
	// five seconds what others have learned; that is no wait's fault.
	idle := 2 * stay.seconds * (2 + 1.0/5)
	wait := (stay.sent - idle) / float64(stay.waits)
	t.Logf("%d waits of phones that stay: %.0f operations, %.2f for each wait without what the nodes do anyway; %.0f commands carried out",
		stay.waits, stay.sent, wait, stay.inside)
	t.Logf("1,000 phones that wait 15 min each: %.1f operations a second", 1000*wait/900)
	move := counts(t, 500, true)
	of := (move.sent - 2*move.seconds*(2+1.0/5) - wait*float64(move.waits)) / float64(move.moves)
	t.Logf("%d waits and %d moves, half of them to where they were: %.0f operations, %.2f for each move; %.0f commands carried out",
		move.waits, move.moves, move.sent, of, move.inside)
	if wait > 4 || of > 8 {
		t.Errorf("a wait costs %.2f operations and a move %.2f, want at most 4 and 8", wait, of)
	}
}
