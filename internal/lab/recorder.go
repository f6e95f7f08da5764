package lab

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// Script answers one request on a Recorder: it reads as much of the body as it likes and writes raw bytes. With an
// error (io.EOF will do) the connection ends; with nil what is left of the body is read and the next request awaited.
type Script func(x *Exchange) error

// Recorder is a server that reads HTTP/1.1 from the socket by hand, so that what a proxy made of a request is seen
// exactly: the raw target, each header name in its spelling and order, the framing, each chunk. What it answers is
// up to a Script, byte for byte.
//
//	rec := lab.NewRecorder(lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
//	url, _ := rec.Listen(nil)
//	defer rec.Close()
//	... requests through the proxy to url ...
//	got, err := rec.Next(ctx) // got.Target, got.Fields, got.Framing, got.Body ...
type Recorder struct {
	script atomic.Value // Script
	conns  counter
	life   *lifetime
	wg     sync.WaitGroup

	mu      sync.Mutex
	open    map[net.Conn]struct{}
	lns     []net.Listener
	kept    []*Recorded
	read    int           // how many of kept Next has given
	arrived chan struct{} // closed and replaced when one more is kept
}

// recordsKept bounds what a Recorder remembers; the oldest go first.
const recordsKept = 10_000

// NewRecorder makes a recorder with the script for every request; SetScript changes it.
func NewRecorder(script Script) *Recorder {
	r := &Recorder{life: newLifetime(), open: map[net.Conn]struct{}{}, arrived: make(chan struct{})}
	r.SetScript(script)
	return r
}

// SetScript takes effect with the next request.
func (r *Recorder) SetScript(s Script) { r.script.Store(s) }

// Listen serves on a free port of 127.0.0.1 until Close and gives the base URL. With config it speaks TLS.
func (r *Recorder) Listen(config *tls.Config) (url string, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	scheme := "http://"
	if config != nil {
		ln, scheme = tls.NewListener(ln, config), "https://"
	}
	go r.Serve(ln)
	return scheme + ln.Addr().String(), nil
}

// Serve records what comes in on ln until Close.
func (r *Recorder) Serve(ln net.Listener) error {
	r.mu.Lock()
	r.lns = append(r.lns, ln)
	r.mu.Unlock()
	if r.life.Err() != nil {
		ln.Close()
	}
	for {
		c, err := ln.Accept()
		if err != nil {
			return net.ErrClosed
		}
		if !r.keep(c) {
			c.Close()
			continue
		}
		r.wg.Go(func() { r.serve(c) })
	}
}

// Close ends every connection and waits for the scripts to return.
func (r *Recorder) Close() {
	r.life.end()
	r.mu.Lock()
	for _, ln := range r.lns {
		ln.Close()
	}
	for c := range r.open {
		c.Close()
	}
	r.mu.Unlock()
	r.wg.Wait()
}

// Requests gives every request that is complete, in the order in which they were.
func (r *Recorder) Requests() []*Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.kept)
}

// Next gives the next complete request that Next has not given yet, waiting for it.
func (r *Recorder) Next(ctx context.Context) (*Recorded, error) {
	for {
		r.mu.Lock()
		arrived := r.arrived
		if r.read < len(r.kept) {
			got := r.kept[r.read]
			r.read++
			r.mu.Unlock()
			return got, nil
		}
		r.mu.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Conns is how many connections were accepted so far.
func (r *Recorder) Conns() int { return int(r.conns.n.Load()) }

func (r *Recorder) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life.Err() != nil {
		return false
	}
	r.open[c] = struct{}{}
	return true
}

// serve runs the script for each request of a connection.
func (r *Recorder) serve(c net.Conn) {
	defer func() {
		r.mu.Lock()
		delete(r.open, c)
		r.mu.Unlock()
		c.Close()
	}()
	in, number := bufio.NewReaderSize(c, 64<<10), r.conns.next()
	for nth := 1; ; nth++ {
		got, err := readHead(in)
		if err != nil {
			return
		}
		got.Conn, got.Nth = number, nth
		x := newExchange(r.life, c, in, got)
		err = r.script.Load().(Script)(x)
		if err == nil {
			err = x.ReadBody()
		}
		got.Err = err
		r.add(got)
		if err != nil {
			return
		}
	}
}

func (r *Recorder) add(got *Recorded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, got)
	if len(r.kept) > recordsKept {
		r.kept = r.kept[1:]
		r.read = max(r.read-1, 0)
	}
	close(r.arrived)
	r.arrived = make(chan struct{})
}
