package store

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/said"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// stage is a store in a test, with what it logs.
type stage struct {
	*Store
	t    *testing.T
	logs *observer.ObservedLogs
}

// open opens a store that is in a hurry and closes it when the test is over.
func open(t *testing.T, c Config) *stage {
	t.Helper()
	log, logs := said.Log(t, zapcore.InfoLevel)
	c.Log = log
	c.pace = pace{batch: time.Millisecond, retry: 5 * time.Millisecond, tend: 10 * time.Millisecond}
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return &stage{s, t, logs}
}

func (s *stage) close() {
	s.t.Helper()
	if err := s.Close(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) flush() {
	s.t.Helper()
	if err := s.Flush(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) devices() (all []heartbeat.DeviceSnapshot) {
	s.t.Helper()
	for d, err := range s.Devices(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func (s *stage) networks() (all []heartbeat.NetworkSnapshot) {
	s.t.Helper()
	for n, err := range s.Networks(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

func (s *stage) havings() (all []Having) {
	s.t.Helper()
	for h, err := range s.Havings(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, h)
	}
	return all
}

func (s *stage) waits(of WaitsOf) []Wait {
	s.t.Helper()
	found, err := s.Waits(s.t.Context(), of)
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// until waits for what the worker does.
func (s *stage) until(what string, done func() bool) {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case <-deadline:
			s.t.Fatalf("never: %s; logged: %v", what, s.logs.All())
		case <-time.After(time.Millisecond):
		}
	}
}

func (s *stage) failingNow() bool { return value(s.config.Metrics.failing) == 1 }

// value reads a counter or a gauge.
func value(c prometheus.Collector) float64 {
	r := prometheus.NewRegistry()
	r.MustRegister(c)
	families, _ := r.Gather()
	m := families[0].Metric[0]
	return m.GetCounter().GetValue() + m.GetGauge().GetValue()
}

func (s *stage) logged(message string) int {
	n := 0
	for _, e := range s.logs.All() {
		if len(e.Message) >= len(message) && e.Message[:len(message)] == message {
			n++
		}
	}
	return n
}

// one is a file that is not there yet.
func one(t *testing.T) string { return filepath.Join(t.TempDir(), "state.db") }

func key(i int) heartbeat.Key {
	return heartbeat.Key{Principal: fmt.Sprintf("user%d", i%7), Device: fmt.Sprintf("DEVICE%06d", i), Type: "iPhone"}
}

func device(i int) heartbeat.DeviceSnapshot {
	return heartbeat.DeviceSnapshot{
		Key: key(i), Network: heartbeat.Network{Name: "198.51.100.0/24", HTTP: 1}, Asked: 12 * time.Minute, Given: 12 * time.Minute,
		LastGood: 12 * time.Minute, Seen: noon.Add(time.Duration(i) * time.Second), Ladders: []int8{1, -2, 3},
		Last: []heartbeat.Ended{{When: noon, Asked: 15 * time.Minute, Given: 15 * time.Minute, Held: 13 * time.Minute, Outcome: heartbeat.Silent, Proof: heartbeat.Lost}},
	}
}

func network(i int) heartbeat.NetworkSnapshot {
	return heartbeat.NetworkSnapshot{
		Network: heartbeat.Network{Name: fmt.Sprintf("203.0.%d.0/24", i), HTTP: uint8(1 + i%2)}, Belief: []float32{0.25, 0.5, 0.25},
		Enforced: true, Deaths: []heartbeat.DeathRecord{{Device: 1<<64 - 1, At: 13 * time.Minute, When: noon}},
		Survived: 9, Died: 3, Asked: []time.Duration{8 * time.Minute, 12 * time.Minute}, When: noon.Add(time.Duration(i) * time.Second),
	}
}

func having(i int) Having {
	return Having{Key: key(i), Seen: noon.Add(time.Duration(i) * time.Second), State: json.RawMessage(fmt.Sprintf(`{"Collections":{"5":"key%d"}}`, i))}
}

func wait(i int) Wait {
	return Wait{
		Key: key(i), Ended: noon.Add(time.Duration(i) * time.Second), Network: heartbeat.Network{Name: "office", HTTP: uint8(1 + i%2)},
		Kind: "ping", Rule: "default", Asked: 15 * time.Minute, Given: 12 * time.Minute, Held: 719_500 * time.Millisecond,
		Outcome: heartbeat.Expired, Proof: heartbeat.Acked,
	}
}

func TestMain(m *testing.M) {
	if path := childsPath(); path != "" {
		writeUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}
