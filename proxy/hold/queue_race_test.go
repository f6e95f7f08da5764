package hold

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A caller is somebody with a place, who does what start asks for: to look whether
// it is still wanted.
type caller struct {
	up      *atomic.Int64 // callers who are up, counted from outside the queue
	turn    chan struct{} // closed by start; a second one would panic
	mu      sync.Mutex
	gone    bool
	running bool
}

func (c *caller) start() {
	defer close(c.turn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone {
		c.running = true
		c.up.Add(1)
	}
}

// leave says whether the caller had been up.
func (c *caller) leave(p *Place) bool {
	c.mu.Lock()
	c.gone = true
	if c.running {
		c.up.Add(-1)
	}
	c.mu.Unlock()
	p.Leave()
	return c.running
}

// TestManyAtOnceNeverExceedMax lets 64 goroutines come and go as phones do, some
// before their turn.
func TestManyAtOnceNeverExceedMax(t *testing.T) {
	const goroutines, rounds, most = 64, 200, 7
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	q := NewQueue(QueueConfig{Max: most})
	var up, early atomic.Int64
	var all sync.WaitGroup
	for g := range uint64(goroutines) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, g))
			for range rounds {
				c := &caller{up: &up, turn: make(chan struct{})}
				p := q.Enter(fmt.Sprint(g%5), c.start)
				if random.IntN(4) > 0 {
					<-c.turn // each gets its turn, or the test hangs
				} else {
					runtime.Gosched()
				}
				if n := up.Load(); n > most {
					t.Errorf("%d up, at most %d", n, most)
				}
				if !c.leave(p) {
					early.Add(1)
				}
			}
		})
	}
	all.Wait()
	if up, waiting := q.Len(); up+waiting > 0 {
		t.Errorf("%d are up and %d wait after all left", up, waiting)
	}
	t.Logf("%d of %d left before their turn", early.Load(), goroutines*rounds)
}
