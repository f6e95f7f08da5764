package proxy

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// weather is the network between proxy and server, and the server's health.
type weather struct {
	model *edgeModel

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	down  bool // nobody listens
	busy  bool // it is there, and answers 503
}

// over is the way to the server through this weather.
func (w *weather) over(dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.down {
			return nil, &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}
		}
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if w.conns == nil {
			w.conns = map[net.Conn]struct{}{}
		}
		t := &tracked{Conn: c, of: w}
		w.conns[c] = struct{}{}
		return t, nil
	}
}

// tracked is a connection that a restart of the server ends.
type tracked struct {
	net.Conn
	of *weather
}

func (c *tracked) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c.Conn)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// Read takes its time, as a network does: what happens in it, no answer knows of.
func (c *tracked) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 1 { // a head, or a body: the rest of it is there
		time.Sleep(c.of.latency())
	}
	return n, err
}

// latency is some milliseconds, and now and then more.
func (w *weather) latency() time.Duration {
	if w.model.chance(30) {
		return time.Duration(w.model.roll(2000)) * time.Millisecond
	}
	return time.Duration(w.model.roll(30)) * time.Millisecond
}

// CloseWrite is the pipe's.
func (c *tracked) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// set changes it; what is down cuts what is open.
func (w *weather) set(down, busy bool) {
	w.mu.Lock()
	w.down, w.busy = down, busy
	var cut []net.Conn
	for c := range w.conns {
		if down {
			cut = append(cut, c)
		}
	}
	w.mu.Unlock()
	for _, c := range cut {
		c.Close()
	}
}

func (w *weather) isBusy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.busy
}

// rules are the faults of the server, and the note of what it was asked.
func (w *weather) rules(m *edgeModel) {
	m.server.Inject(lab.Fault{Match: func(r *lab.Request) bool { m.noteUp(r); return false }})
	m.server.Inject(lab.Fault{Match: func(*lab.Request) bool { return w.isBusy() }, Kind: lab.FaultHTTP, Code: 503,
		Header: http.Header{"Retry-After": {"15"}}})
	for _, f := range []struct {
		on   string
		in   int // one of so many requests
		kind lab.FaultKind
	}{
		{"Sync", 60, lab.FaultLost}, {"FolderSync", 20, lab.FaultLost}, {"GetItemEstimate", 100, lab.FaultLost}, {"Ping", 100, lab.FaultLost},
		{"Sync", 100, lab.FaultCutChunk}, {"FolderSync", 30, lab.FaultCutChunk}, {"GetItemEstimate", 100, lab.FaultCutChunk},
		{"Sync", 150, lab.FaultCutHead}, {"GetItemEstimate", 150, lab.FaultCutHead}, {"Ping", 150, lab.FaultCutHead},
		{"GetItemEstimate", 50, lab.FaultSlow}, {"Sync", 50, lab.FaultSlow}, {"GetItemEstimate", 100, lab.FaultGarbage},
	} {
		m.server.Inject(lab.Fault{Kind: f.kind, After: 2 * time.Second, Match: func(r *lab.Request) bool {
			hit := strings.EqualFold(r.Command, f.on) && m.chance(f.in)
			if hit {
				m.counted("weather")
				m.trail(r.User+"/"+r.DeviceID, "weather %d", f.kind)
			}
			return hit
		}})
	}
	m.server.Inject(lab.Fault{Kind: lab.FaultCutBefore, Match: func(r *lab.Request) bool {
		return lab.Reused(r) && m.chance(50) // it was closed, and nobody had said so
	}})
	m.server.Inject(lab.Fault{Kind: lab.FaultStatus, Code: 110, Match: func(r *lab.Request) bool { // MS-ASCMD 2.2.2: server error
		return r.Command == "GetItemEstimate" && m.chance(150)
	}})
}

// noteUp notes what of a device goes up: a wait of its own, a Ping of ours that only
// looks, a Provision.
func (m *edgeModel) noteUp(r *lab.Request) {
	what := r.Command
	if what == "Ping" {
		body, _ := io.ReadAll(r.HTTP.Body)
		r.HTTP.Body = io.NopCloser(bytes.NewReader(body))
		var ping eas.PingRequest
		if err := ping.Parse(body); err == nil && ping.HasInterval && ping.Interval <= 5 {
			what = "look"
		}
	}
	m.trail(r.User+"/"+r.DeviceID, "up goes %s", what)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wentUp[r.User+"/"+r.DeviceID+"/"+what] = time.Now()
}

// lossy is a phone's radio: now and then what comes is lost with the connection.
type lossy struct {
	net.Conn
	m *edgeModel
}

func (c *lossy) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.m.chance(150) {
		c.m.counted("lost on the radio")
		c.Conn.Close()
		return 0, syscall.ECONNRESET
	}
	return n, err
}

// radio is the way of a phone to the proxy.
func (m *edgeModel) radio(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := m.front.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &lossy{c, m}, nil
}
