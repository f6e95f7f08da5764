package lab

import (
	"sync"
	"time"

	"github.com/diastole/diastole/wbxml/eas"
)

// wait is one held Ping or Sync.
type wait struct {
	again   chan struct{} // look again: something in the mailbox changed
	replace chan struct{} // closed by a newer wait of the same device
	once    sync.Once
	sync    bool // a hanging Sync
}

// ending is how a wait came to an end.
type ending uint8

const (
	timeOver  ending = iota + 1
	changed          // what was waited for has come
	displaced        // a newer wait of the same device exists
	left             // the client went away
	stopping         // the server is being closed
)

// Collision is what becomes of a device's wait when a newer one arrives.
type Collision uint8

const (
	// CollideStatus3 is Exchange: the older Ping gets Status 3, measured within 0.04 s.
	CollideStatus3 Collision = iota
	// CollideStatus1 is SOGo and Z-Push: the older Ping gets Status 1, as if its time were over; a hanging Sync 136.
	CollideStatus1
	// CollideNever leaves both (Z-Push with less than 60 s to go).
	CollideNever
)

// hold waits until come says yes, the time d is over, or something else ends it. come is asked with the server's
// lock held, once before waiting and after each wake.
func (c *call) hold(d time.Duration, come func() bool) ending {
	w := &wait{again: make(chan struct{}, 1), replace: make(chan struct{}), sync: c.env.Command == eas.CommandSync}
	s := c.server
	s.enter(c, w)
	defer s.leave(c, w)
	over := time.NewTimer(c.fault.stretch(d / time.Duration(s.cfg.Pace)))
	defer over.Stop()
	gone := c.http.Context().Done()
	if s.cfg.KeepAbandoned {
		gone = nil
	}
	for {
		s.mu.Lock()
		ready := come()
		s.mu.Unlock()
		if ready {
			return changed
		}
		select {
		case <-w.again:
		case <-over.C:
			return timeOver
		case <-w.replace:
			return displaced
		case <-gone:
			return left
		case <-s.life.done:
			return stopping
		}
	}
}

// enter makes w its device's newest wait.
func (s *Server) enter(c *call, w *wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.box.waits[w] = struct{}{}
	s.held++
	if older := c.device.held; older != nil && s.cfg.Collision != CollideNever {
		older.end()
	}
	c.device.held = w
}

// end makes room for a newer one.
func (w *wait) end() { w.once.Do(func() { close(w.replace) }) }

// supersede ends the device's hanging Sync when another Sync of it arrives: both work on the same keys. A held Ping
// goes on (measured with SOGo; Z-Push leaves it too). The lock is held.
func (c *call) supersede() {
	if w := c.device.held; w != nil && w.sync {
		w.end()
	}
}

func (s *Server) leave(c *call, w *wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(c.box.waits, w)
	s.held--
	if c.device.held == w {
		c.device.held = nil
	}
}

// Held is how many waits the server holds now.
func (s *Server) Held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}
