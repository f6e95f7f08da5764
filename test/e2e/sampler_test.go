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
	edge *edge
	stop func()
	done sync.WaitGroup

	mu      sync.Mutex
	samples []sample
	options answers
}

// sample is a number of busy workers at a time, and of checks that diastole speaks of.
type sample struct {
	at     time.Time
	busy   int
	checks int
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
func (b *bed) sample(t *testing.T, e *edge) *sampler {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &sampler{edge: e, stop: cancel}
	asker := newPhone(t, e.door(), "user1", "ASKER")
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
	checks := s.edge.metric("diastole_upstream_checks", "")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.samples = append(s.samples, sample{time.Now(), busy, int(checks)})
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

// workers are the busy ones that were counted between two times.
func (s *sampler) workers(from, to time.Time) (busy []int) {
	for _, sample := range s.samples {
		if sample.at.After(from) && sample.at.Before(to) {
			busy = append(busy, sample.busy)
		}
	}
	return busy
}

// checks is the most that there were at once.
func (s *sampler) checks() (most int) {
	for _, sample := range s.samples {
		most = max(most, sample.checks)
	}
	return most
}

// end ends it; only then may it be read.
func (s *sampler) end() {
	s.stop()
	s.done.Wait()
}

func average(busy []int) float64 {
	sum := 0
	for _, n := range busy {
		sum += n
	}
	return float64(sum) / float64(max(len(busy), 1))
}
