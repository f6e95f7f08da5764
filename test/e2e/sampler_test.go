package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// A sampler looks twice a second at how many workers are busy, and asks for OPTIONS.
type sampler struct {
	stop func()
	done sync.WaitGroup

	mu      sync.Mutex
	samples []sample
	options answers
}

// sample is a number of busy workers at a time.
type sample struct {
	at   time.Time
	busy int
}

// answers are the times that OPTIONS took.
type answers struct {
	took       []time.Duration
	unanswered int
}

func (a answers) String() string {
	slices.Sort(a.took)
	return fmt.Sprintf("%d asked, %d unanswered, p50 %v, slowest %v", len(a.took), a.unanswered,
		a.took[len(a.took)/2].Round(time.Millisecond), a.took[len(a.took)-1].Round(time.Millisecond))
}

// sample begins. It counts before it asks, so that it does not count itself.
func (b *bed) sample(t testing.TB, d door) *sampler {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &sampler{stop: cancel}
	asker := newPhone(t, d, "user1", "ASKER")
	s.done.Go(func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.count(len(b.busy(t)))
				s.done.Go(func() { s.ask(ctx, asker) })
			case <-ctx.Done():
				return
			}
		}
	})
	return s
}

func (s *sampler) count(busy int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.samples = append(s.samples, sample{time.Now(), busy})
}

func (s *sampler) ask(ctx context.Context, p *phone) {
	took, err := p.options(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.options.took = append(s.options.took, took)
	case ctx.Err() == nil:
		s.options.unanswered++
	}
}

// since gives the busy workers that were counted from a time on.
func (s *sampler) since(then time.Time) (busy []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sample := range s.samples {
		if sample.at.After(then) {
			busy = append(busy, sample.busy)
		}
	}
	return busy
}

// end ends it and says how OPTIONS was answered.
func (s *sampler) end() answers {
	s.stop()
	s.done.Wait()
	return s.options
}

func average(busy []int) float64 {
	sum := 0
	for _, n := range busy {
		sum += n
	}
	return float64(sum) / float64(max(len(busy), 1))
}
