package lab

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// flow is one connection through the firewall.
type flow struct {
	firewall      *Firewall
	phone, server net.Conn

	mu   sync.Mutex
	idle *time.Timer
	gone bool // forgotten
}

// touch says that something passed, and whether it may.
func (fl *flow) touch() bool {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if fl.gone {
		return false
	}
	limit := time.Duration(fl.firewall.idle.Load())
	if fl.idle != nil {
		fl.idle.Stop()
	}
	if limit > 0 {
		fl.idle = time.AfterFunc(limit, fl.forget)
	}
	return true
}

func (fl *flow) forget() {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if !fl.gone {
		fl.gone = true
		fl.firewall.forgotten.Add(1)
		if fl.firewall.cfg.Mute {
			mute(fl.phone)
			mute(fl.server)
		}
	}
}

func (fl *flow) isForgotten() bool {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	return fl.gone
}

// close ends both ends visibly and stops the clock.
func (fl *flow) close() {
	fl.mu.Lock()
	if fl.idle != nil {
		fl.idle.Stop()
	}
	fl.mu.Unlock()
	fl.phone.Close()
	fl.server.Close()
}

// pump carries bytes, FIN and RST from src to dst while the flow is known. Once it is forgotten, bytes are read and
// thrown away, and when src ends only src is closed: dst must not learn of it.
func (fl *flow) pump(dst, src net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := src.Read(buf)
		passes := fl.touch() // every packet counts, in both directions (RFC 5382 REQ-5)
		if n > 0 && passes {
			if _, werr := dst.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		switch {
		case err == nil:
		case !passes:
			src.Close()
			return
		default:
			handOn(dst, src, err)
			return
		}
	}
}

// handOn gives dst the end that src came to: RST for RST, FIN for FIN.
func handOn(dst, src net.Conn, err error) {
	// EPIPE and ErrClosed are what a write to dst gave: dst is gone, and src has to learn it.
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed) {
		reset(dst)
		reset(src)
		return
	}
	if half, ok := dst.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
		return
	}
	dst.Close()
}

// reset closes a connection with RST where it can, below TLS too.
func reset(c net.Conn) {
	type wrapped interface{ NetConn() net.Conn }
	for {
		w, ok := c.(wrapped)
		if !ok {
			break
		}
		c = w.NetConn()
	}
	if l, ok := c.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(0)
	}
	c.Close()
}
