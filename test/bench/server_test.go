package bench

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is the mail server's process: it answers at once, but holds a Ping
// until it is told to release it, or for a fixed time.
type Server struct {
	mu       sync.Mutex
	waits    map[*wait]struct{}
	devices  map[string]int // how many waits each device has here
	expected int
	full     int64 // since when all expected devices have waited without a gap; 0: they do not
	holdFor  time.Duration
	grip     *grip // behind Pushpin; otherwise nil
}

// wait is one held Ping.
type wait struct {
	conn   net.Conn
	device string
}

func newServer() *Server {
	return &Server{waits: map[*wait]struct{}{}, devices: map[string]int{}}
}

// Listen opens the server's port and replies its address.
func (s *Server) Listen(_ none, addr *string) error {
	// Without keep-alive probes: they are ours and not the proxy's.
	config := net.ListenConfig{KeepAlive: -1}
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	*addr = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return nil
}

// serve goes on reading while a Ping is held, so that it sees the proxy leave.
func (s *Server) serve(c net.Conn) {
	defer c.Close()
	var held *wait
	for in := bufio.NewReaderSize(c, 1024); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			s.drop(held)
			return
		}
		body, _ := io.ReadAll(r.Body)
		query := r.URL.Query()
		switch {
		case query.Get("Cmd") != "Ping":
			_, err = io.WriteString(c, answer(status1))
		case s.grip != nil:
			err = s.handOver(c, query.Get("DeviceId"))
		case bytes.Contains(body, []byte(check)):
			s.asked(query.Get("DeviceId"))
			_, err = io.WriteString(c, answer(status1))
		default:
			held = &wait{c, query.Get("DeviceId")}
			s.hold(held)
		}
		if err != nil {
			return
		}
	}
}

// asked counts a device whose wait is held elsewhere, from the question on.
func (s *Server) asked(device string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.devices[device] == 0 {
		s.count(device, +1)
	}
}

func (s *Server) hold(w *wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits[w] = struct{}{}
	s.count(w.device, +1)
	if s.holdFor > 0 {
		time.AfterFunc(s.holdFor, func() {
			if s.drop(w) {
				_, _ = io.WriteString(w.conn, answer(status2)) // an error is seen by serve
			}
		})
	}
}

// drop forgets a wait, and says whether it was held until now.
func (s *Server) drop(w *wait) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, held := s.waits[w]; !held {
		return false
	}
	delete(s.waits, w)
	s.count(w.device, -1)
	return true
}

// count keeps the moment from which on all devices have waited.
func (s *Server) count(device string, by int) {
	if s.devices[device] += by; s.devices[device] <= 0 {
		delete(s.devices, device)
	}
	switch {
	case len(s.devices) < s.expected:
		s.full = 0
	case s.full == 0:
		s.full = now()
	}
}

// Expect begins to look for so many devices. Pushpin holds by itself and does
// not tell of phones that left: there, only those count that ask from now on.
func (s *Server) Expect(devices int, _ *none) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected, s.full = devices, 0
	if s.grip != nil {
		clear(s.devices)
	}
	if len(s.devices) >= devices {
		s.full = now()
	}
	return nil
}

// Held is how many devices have a wait here.
type Held struct {
	Devices int
	Full    int64 // since when all that are expected have; 0: they do not
}

// Held replies the state of this moment.
func (s *Server) Held(_ none, reply *Held) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*reply = Held{len(s.devices), s.full}
	return nil
}

// HoldFor gives each Ping from now on a fixed length; 0 holds until Release. Its
// answer is "something has changed": a server that says "nothing new" so soon and
// again and again is a fault that a proxy may shield phones from, as ours does.
func (s *Server) HoldFor(d time.Duration, _ *none) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holdFor = d
	return nil
}

// Release answers all that is held with Status 2, one after the other as fast
// as it goes, and replies the moment at which it began.
func (s *Server) Release(_ none, at *int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	waits := s.waits
	s.waits, s.devices, s.full = map[*wait]struct{}{}, map[string]int{}, 0
	woken := answer(status2)
	*at = now()
	if s.grip != nil {
		return s.grip.publish("all", status2)
	}
	for w := range waits {
		if _, err := io.WriteString(w.conn, woken); err != nil {
			return err
		}
	}
	return nil
}
