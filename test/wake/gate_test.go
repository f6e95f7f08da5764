package wake_test

import (
	"net"
	"sync"
	"testing"
)

// gate stands between us and a server, and does what networks do.
type gate struct {
	Address string

	target string
	mu     sync.Mutex
	shut   bool              // who comes is turned away
	hung   bool              // nothing goes through, and nobody is told
	open   map[net.Conn]bool // both ends of all connections
	came   int               // how many were let through
	freed  *sync.Cond
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{Address: l.Addr().String(), target: target, open: map[net.Conn]bool{}}
	g.freed = sync.NewCond(&g.mu)
	t.Cleanup(func() {
		l.Close()
		g.hang(false)
		g.cut()
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go g.pass(conn)
		}
	}()
	return g
}

func (g *gate) pass(near net.Conn) {
	defer near.Close()
	if g.isShut() {
		return
	}
	far, err := net.Dial("tcp", g.target)
	if err != nil {
		return
	}
	defer far.Close()
	g.mu.Lock()
	g.open[near], g.open[far] = true, true
	g.came++
	g.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.copy(far, near)
	}()
	g.copy(near, far)
	<-done
	g.mu.Lock()
	delete(g.open, near)
	delete(g.open, far)
	g.mu.Unlock()
}

func (g *gate) copy(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		g.mu.Lock()
		for g.hung {
			g.freed.Wait()
		}
		g.mu.Unlock()
		if _, w := to.Write(buffer[:n]); err != nil || w != nil {
			return
		}
	}
}

func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut
}

// turnAway lets nobody in who comes from now on.
func (g *gate) turnAway(yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = yes
}

// hang holds back everything, or lets it go on.
func (g *gate) hang(yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hung = yes
	g.freed.Broadcast()
}

// cut ends all connections.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.open {
		conn.Close()
	}
}

// connections is how many were ever let through.
func (g *gate) connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.came
}
