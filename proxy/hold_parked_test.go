package proxy

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/diastole/diastole/internal/lab"
)

// whereParked runs a test whose waits are all parked before it goes on.
func whereParked(t *testing.T, test func(w *world), set ...func(*Config)) {
	t.Helper()
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("parked", func(t *testing.T) { test(parkedWorld(t, set...)) })
}

func TestParkedWaitIsShared(t *testing.T) {
	whereParked(t, func(w *world) {
		w.accepted(wants{})
		first := w.asks(wants{})
		up := w.up()
		second := w.asks(wants{})
		first.released()
		third := w.asks(wants{roamed: true})
		w.saw(1)
		up.brings()
		third.gets(up)
		second.gets(up)
		w.allOver(3)
		w.wantOutcomes("ping early", "ping silent", "ping changed")
	})
}

func TestParkedWaitIsReplaced(t *testing.T) {
	for name, next := range map[string]wants{"longer": {interval: "900"}, "hanging Sync": {cmd: "Hang"}} {
		t.Run(name, func(t *testing.T) {
			whereParked(t, func(w *world) {
				w.accepted(wants{})
				first := w.asks(wants{})
				old := w.up()
				second := w.asks(next)
				first.released()
				old.isCancelled()
				up := w.up()
				if code := w.command(wants{cmd: "Sync"}); code != 200 {
					w.Errorf("the Sync was answered %d", code)
				}
				second.released()
				up.isCancelled()
				w.allOver(2)
			})
		})
	}
}

func TestParkedPhoneLeaves(t *testing.T) {
	for name, leave := range leavings {
		t.Run(name, func(t *testing.T) {
			whereParked(t, func(w *world) {
				phone := w.asks(wants{})
				up := w.up()
				leave(phone.Conn)
				up.isCancelled()
				w.allOver(1)
				w.wantOutcomes(map[string]string{"FIN": "ping left", "half-close": "ping left", "RST": "ping reset"}[name])
			})
		})
	}
}

// Bytes of the next request do not hide that the phone has gone.
func TestParkedPhoneLeavesWithBytesUnread(t *testing.T) {
	for name, leave := range leavings {
		t.Run(name, func(t *testing.T) {
			whereParked(t, func(w *world) {
				phone := w.asks(wants{})
				up := w.up()
				phone.send(wants{cmd: "Sync"}.raw())
				leave(phone.Conn)
				up.isCancelled()
				w.allOver(1)
			})
		})
	}
}

func TestParkedConnectionGoesOn(t *testing.T) {
	whereParked(t, func(w *world) {
		phone := w.asks(wants{})
		for range 3 {
			up := w.up()
			up.brings()
			phone.gets(up)
			phone.again(wants{cmd: "Sync"}) // on the same connection
			wantReply(w.T, phone.reply(), 200, bodyOf(oneFolder))
			phone.again(wants{})
		}
		up := w.up()
		phone.Close()
		up.isCancelled()
		w.saw(4)
		w.allOver(4)
	})
}

// Its client has to show a certificate now, which is done in a handshake.
func TestAParkedConnectionThatIsOutdatedEndsWithItsAnswer(t *testing.T) {
	var doors *inn
	w := onRealSockets(t, func(l net.Listener) net.Listener { doors = newInn(l); return doors }, nil)
	w.parks = true
	phone := w.asks(wants{})
	up := w.up()
	doors.outdated.Store(true)
	up.brings()
	phone.gets(up)
	if n, err := phone.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("it goes on: %d bytes, %v", n, err)
	}
	w.allOver(1)
}

// A phone may send its next request before it has its answer (RFC 9112 9.3.2): in one
// piece with the first, or while the first is parked.
func TestParkedConnectionWithMoreOnIt(t *testing.T) {
	sync := wants{cmd: "Sync"}.raw()
	for name, c := range map[string]struct{ with, later string }{
		"at once":      {sync + sync, ""},
		"later":        {"", sync + sync},
		"half at once": {sync + sync[:30], sync[30:]},
		"half later":   {"", sync + sync[:len(sync)-2]},
	} {
		t.Run(name, func(t *testing.T) {
			whereParked(t, func(w *world) {
				phone := w.rings()
				phone.send(wants{}.raw() + c.with)
				up := w.up()
				w.settled() // it is parked
				phone.send(c.later)
				up.brings()
				phone.gets(up)
				wantReply(w.T, phone.reply(), 200, bodyOf(oneFolder))
				if name == "half later" {
					phone.send(sync[len(sync)-2:])
				}
				wantReply(w.T, phone.reply(), 200, bodyOf(oneFolder))
				w.saw(1)
				w.allOver(1)
			})
		})
	}
}

// What is too large or has no known end goes back through the http.Server.
func TestParkedAnswersOfEveryKind(t *testing.T) {
	large := largeAnswer("1", "2", 300<<10)
	small := bodyOf(document(pingSays(7)))
	for name, c := range map[string]struct {
		cmd, answer, body string
		code              int
		cut               bool
	}{
		"items":      {"Hang", document(large), large, 200, false},
		"no items":   {"Hang", quietSync, "", 200, false},
		"large":      {"Ping", document(large), large, 200, false},
		"chunked":    {"Ping", docHead + "Transfer-Encoding: chunked\r\n\r\n" + lab.Chunk(small[:5]) + lab.Chunk(small[5:]) + lab.Chunk(""), small, 200, false},
		"Status 7":   {"Ping", document(small), small, 200, false},
		"a page":     {"Ping", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", "<html>", 200, false},
		"401":        {"Ping", refused, "", 401, false},
		"503":        {"Ping", "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", "busy", 503, false},
		"cut inside": {"Hang", docHead + "Content-Length: 400000\r\n\r\n" + large, large, 200, true},
	} {
		t.Run(name, func(t *testing.T) {
			whereParked(t, func(w *world) {
				phone := w.asks(wants{cmd: c.cmd})
				up := w.up()
				up.hangsUp.Store(c.cut)
				up.say <- c.answer
				if got := phone.reply(); got.code != c.code || got.body != c.body || got.cut != c.cut {
					w.Errorf("the phone got %d with %d bytes (cut: %v), want %d with %d", got.code, len(got.body), got.cut, c.code, len(c.body))
				}
				if c.cut {
					return
				}
				phone.again(wants{})
				up = w.up()
				up.brings()
				phone.gets(up)
			})
		})
	}
}

// A wait of a second ends by our own clock.
func TestParkedWaitIsNotLate(t *testing.T) {
	whereParked(t, func(w *world) {
		w.accepted(wants{})
		for _, q := range []wants{{interval: "1"}, {cmd: "Hang", interval: "1"}} {
			phone := w.asks(q)
			up := w.up()
			phone.gotOurs(phone.reply())
			up.isCancelled()
		}
		w.wantOutcomes("ping expired", "sync expired")
	})
}

func TestParkedWaitsAreDrained(t *testing.T) {
	whereParked(t, func(w *world) {
		var phones []*handset
		for i := range 5 {
			phones = append(phones, w.asks(wants{device: fmt.Sprint("d", i)}))
		}
		rests := w.asks(wants{device: "rests"})
		for range 6 {
			if up := w.up(); deviceOf(up.Recorded) == "rests" {
				up.brings()
				rests.gets(up)
			}
		}
		w.proxy.Drain(time.Millisecond)
		for _, h := range phones {
			h.gotOurs(h.reply())
		}
		for _, h := range append(phones, rests) {
			if _, err := h.in.ReadByte(); err != io.EOF {
				w.Errorf("the connection ended with %v, want FIN", err)
			}
		}
		<-w.proxy.Drained()
	})
}
