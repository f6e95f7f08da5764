package nodes

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// server is the lab's, with a look at how many waits each device has there.
type server struct {
	*lab.Server
	url string

	mu     sync.Mutex
	waits  map[string]int       // by device
	since  map[string]time.Time // when it became more than one
	asks   int
	blind  time.Time // until then nobody can know: Redis is gone
	worst  time.Duration
	beside time.Duration // the same, in times of blindness
}

func newServer(t testing.TB, users map[string]string) *server {
	t.Helper()
	s := &server{waits: map[string]int{}, since: map[string]time.Time{}, Server: lab.NewServer(lab.ServerConfig{
		Users: users, MinHeartbeat: time.Second, Collision: lab.CollideNever,
	})}
	t.Cleanup(s.Server.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{Handler: s, ConnContext: s.ConnContext}
	go func() { _ = h.Serve(l) }()
	t.Cleanup(func() { _ = h.Close() })
	s.url = "http://" + l.Addr().String()
	return s
}

// ServeHTTP counts.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	device := r.URL.Query().Get("DeviceId")
	if r.URL.Query().Get("Cmd") == "Ping" {
		s.count(device, 1)
		defer s.count(device, -1)
	}
	s.Server.ServeHTTP(w, r)
}

func (s *server) count(device string, change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if change > 0 {
		s.asks++
	}
	s.waits[device] += change
	switch n := s.waits[device]; {
	case n > 1 && change > 0 && n == 2:
		s.since[device] = time.Now()
	case n == 1 && change < 0:
		s.note(s.since[device])
		delete(s.since, device)
	}
}

// note takes in that there was more than one wait since then; s.mu is held.
func (s *server) note(since time.Time) {
	if s.blind.After(since) {
		s.beside = max(s.beside, time.Since(since))
		since = s.blind
	}
	if since.Before(time.Now()) {
		s.worst = max(s.worst, time.Since(since))
	}
}

// see says whether from now on nodes can know of each other.
func (s *server) see(does bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if does {
		s.blind = time.Now()
	} else {
		s.blind = time.Now().Add(time.Hour)
	}
}

// figures are the longest times for which a device had more than one wait, while Redis
// was there (or since it was again), and altogether.
func (s *server) figures() (worst, beside time.Duration, asks int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, since := range s.since {
		s.note(since)
	}
	return s.worst, s.beside, s.asks
}
