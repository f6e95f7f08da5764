package proxy

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func lingering(d time.Duration) func(*Config) {
	return func(c *Config) { c.Hold.Linger = d }
}

func TestHoldPhoneThatLeavesTakesItsWaitWithIt(t *testing.T) {
	for name, leave := range leavings {
		t.Run(name, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.accepted(wants{})
				phone := w.asks(wants{})
				up := w.up()
				leave(phone.Conn)
				up.isCancelled()
				w.allOver(1)
				next := w.asks(wants{})
				up = w.up()
				up.brings()
				next.gets(up)
				w.saw(2)
			})
		})
	}
}

var leavings = map[string]func(net.Conn){
	"FIN":        func(c net.Conn) { c.Close() },
	"half-close": func(c net.Conn) { c.(interface{ CloseWrite() error }).CloseWrite() },
	"RST": func(c net.Conn) {
		c.(interface{ SetLinger(int) error }).SetLinger(0)
		c.Close()
	},
}

// left waits until the proxy has seen that a phone has gone.
func (w *world) left(n int) {
	w.Helper()
	w.eventually("left", func() bool {
		return w.count("diastole_waits_total", "outcome", "left")+w.count("diastole_waits_total", "outcome", "reset") == float64(n)
	})
}

// A server that holds a worker for the wait in any case keeps it for the phone's
// next one.
func TestHoldLingersForTheNextWait(t *testing.T) {
	for name, row := range map[string]struct {
		next     wants
		inherits bool
	}{
		"same wait":      {wants{}, true},
		"empty Ping":     {wants{empty: true}, true},
		"from elsewhere": {wants{roamed: true}, true},
		"longer":         {wants{interval: "900"}, false},
		"other folders":  {wants{folders: []string{"7"}}, false},
		"hanging Sync":   {wants{cmd: "Hang"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.accepted(wants{})
				phone := w.asks(wants{})
				up, most := w.up(), 1
				phone.Close()
				w.left(1)
				up.isHeld()
				next := w.asks(row.next)
				if row.inherits {
					w.inherited(1)
				} else {
					up.isCancelled()
					up, most = w.up(), 2
				}
				next.hearsNothing(time.Minute) // longer than it would have lingered
				up.brings()
				next.gets(up)
				w.saw(most)
				w.allOver(2)
			}, lingering(30*time.Second))
		})
	}
}

func TestHoldLingersNoLongerThanItShould(t *testing.T) {
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		phone := w.asks(wants{})
		up := w.up()
		phone.Close()
		time.Sleep(30*time.Second - time.Millisecond)
		up.isHeld()
		time.Sleep(time.Millisecond)
		up.isCancelled()
		next := w.asks(wants{})
		up = w.up()
		up.brings()
		next.gets(up)
		w.saw(2)
	}, lingering(30*time.Second))
}

// A Sync between, or another password that was taken, ends what lingers as well.
func TestHoldLingeringEndsWithItsReason(t *testing.T) {
	for name, between := range map[string]wants{
		"Sync":           {cmd: "Sync"},
		"other password": {cmd: "FolderSync", password: "changed"},
	} {
		t.Run(name, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.lets("secret", "changed")
				w.accepted(wants{})
				phone := w.asks(wants{})
				up := w.up()
				phone.Close()
				w.left(1)
				w.command(between)
				up.isCancelled()
			}, lingering(30*time.Second))
		})
	}
}

// Nobody else gets what lingers.
func TestHoldLingeringIsNotForOthers(t *testing.T) {
	for name, other := range map[string]wants{
		"user": {user: "bert"}, "device": {device: "dev2"}, "password": {password: "changed"},
	} {
		t.Run(name, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.lets("secret", "changed")
				w.accepted(wants{})
				phone := w.asks(wants{})
				lingers := w.up()
				phone.Close()
				w.left(1)
				stranger := w.asks(other)
				own := w.up()
				lingers.isHeld()
				own.brings()
				stranger.gets(own)
				if other.password == "" { // with another one accepted this one is over
					back := w.asks(wants{})
					w.inherited(1)
					lingers.brings()
					back.gets(lingers)
				}
				w.saw(2)
			}, lingering(30*time.Second))
		})
	}
}

// The phone's connection dies in the moment in which its answer comes: whichever is
// seen first, the next wait is a new one, and gets no stale answer.
func TestHoldRoamingDuringTheAnswer(t *testing.T) {
	for name, leave := range leavings {
		for _, linger := range []time.Duration{0, 30 * time.Second} {
			t.Run(name+", lingering "+linger.String(), func(t *testing.T) {
				inABubble(t, func(w *world) {
					w.accepted(wants{})
					for range 20 {
						phone := w.asks(wants{})
						up := w.up()
						leave(phone.Conn)
						up.brings()
						synctest.Wait()
						next := w.asks(wants{roamed: true})
						up = w.up()
						up.says(pingSays(1))
						next.gets(up)
					}
					w.saw(40)
					w.allOver(40)
				}, lingering(linger))
			})
		}
	}
}

// The same where nothing waits for anything: the next wait comes before, while or
// after the answer does.
func TestHoldRoamingWhileTheAnswerComes(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		for range 20 {
			phone := w.asks(wants{})
			up := w.up()
			leavings["RST"](phone.Conn)
			up.brings()
			next := w.asks(wants{roamed: true})
			answer := next.reads()
			select {
			case up = <-w.came: // the first answer has found nobody
				up.brings()
				wantReply(w.T, <-answer, 200, up.said)
			case got := <-answer:
				wantReply(w.T, got, 200, up.said)
			}
		}
		w.allOver(40)
	})
}

// reads gives the next answer when it has come.
func (h *handset) reads() <-chan reply {
	got := make(chan reply, 1)
	go func() { got <- h.reply() }()
	return got
}
