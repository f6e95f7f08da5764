package e2e

import (
	"net"
	"sync"
	"testing"
)

// A relay is a wire between two of them that a test can cut: bytes pass through it
// until it refuses new connections or swallows what comes.
type relay struct {
	address string // host:port; stays the same over refuse and pass

	mu       sync.Mutex
	to       string
	listener net.Listener
	conns    map[net.Conn]bool
	silent   chan struct{} // closed while bytes pass
}

// newRelay listens on a port of its own.
func newRelay(t testing.TB, to string) *relay {
	t.Helper()
	r := &relay{address: "127.0.0.1:0", to: to, conns: map[net.Conn]bool{}, silent: make(chan struct{})}
	close(r.silent)
	r.pass(t)
	t.Cleanup(func() { r.pass(t); r.refuse() }) // pass: what hangs would hang for ever
	return r
}

// pass accepts connections, again or for the first time, and lets bytes through.
func (r *relay) pass(t testing.TB) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.silent:
	default:
		close(r.silent)
	}
	if r.listener != nil {
		return
	}
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		t.Errorf("relay: %v", err)
		return
	}
	r.listener, r.address = l, l.Addr().String()
	go r.accept(l)
}

// refuse cuts all connections and takes no new one.
func (r *relay) refuse() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		r.listener.Close()
		r.listener = nil
	}
	for conn := range r.conns {
		conn.Close()
	}
}

// hang keeps connections and takes new ones, but nothing comes through any more, as
// with a firewall that has forgotten them.
func (r *relay) hang() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silent = make(chan struct{})
}

// cut ends what there is and takes new connections.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.conns {
		conn.Close()
	}
}

func (r *relay) accept(l net.Listener) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", r.to)
		if err != nil {
			from.Close()
			continue
		}
		r.mu.Lock()
		r.conns[from], r.conns[to] = true, true
		if r.listener != l { // refused meanwhile
			from.Close()
			to.Close()
		}
		r.mu.Unlock()
		go r.copy(to, from)
		go r.copy(from, to)
	}
}

func (r *relay) copy(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		r.mu.Lock()
		open := r.silent
		r.mu.Unlock()
		<-open
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	from.Close()
	to.Close()
	r.mu.Lock()
	delete(r.conns, from)
	delete(r.conns, to)
	r.mu.Unlock()
}
