package dovecot

import (
	"net"
	"net/http"
	"sync"
)

// mostConnections bounds what is open at once: each of Dovecot's processes keeps one
// for a while after a change.
const mostConnections = 1000

// doors bounds connections. Over the limit one that is idle is closed, or, where none
// is, the new one: left waiting it would hold its delivery up.
type doors struct {
	limit int

	mu   sync.Mutex
	open map[net.Conn]bool // true: idle
}

func newDoors(limit int) *doors { return &doors{limit: limit, open: map[net.Conn]bool{}} }

// state is the server's ConnState.
func (d *doors) state(c net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch state {
	case http.StateNew:
		d.makeRoom()
		if len(d.open) >= d.limit {
			_ = c.Close() // the server sees it, and says StateClosed
		}
		d.open[c] = false
	case http.StateActive, http.StateIdle:
		d.open[c] = state == http.StateIdle
	case http.StateClosed, http.StateHijacked:
		delete(d.open, c)
	}
}

func (d *doors) makeRoom() {
	if len(d.open) < d.limit {
		return
	}
	for c, idle := range d.open {
		if idle {
			_ = c.Close()
			delete(d.open, c)
			return
		}
	}
}
