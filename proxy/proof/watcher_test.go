package proof

import (
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/heartbeat"
)

// fake is a connection that says what a test lets it say.
type fake struct {
	syscall.RawConn
	mu sync.Mutex
	reading
	gone  bool
	looks int
}

func fresh() *fake { return &fake{reading: reading{written: 1000, acked: 1000}} }

func (f *fake) set(change func(f *fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) mark() Mark {
	return Mark{reading: reading{written: f.written, acked: f.acked, idle: time.Hour}, readable: true}
}

// write is an answer of 200 bytes.
func (f *fake) write() Answer {
	a := Answer{Conn: f, Before: f.mark(), Held: 15 * time.Minute, Who: phone}
	f.set(func(f *fake) { f.written += 200 })
	return a
}

func watching(t *testing.T, c Config) *Watcher {
	w := New(c)
	w.read = func(conn syscall.RawConn) (reading, bool) {
		f := conn.(*fake)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.looks++
		return f.reading, !f.gone
	}
	t.Cleanup(w.Close)
	return w
}

var phone = heartbeat.Key{Principal: "user", Device: "phone"}

// note keeps what is reported.
type note struct {
	mu  sync.Mutex
	all []heartbeat.Proof
}

func (n *note) report(p heartbeat.Proof) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, p)
}

// pass lets time go by, with all that falls due in it.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (n *note) want(t *testing.T, want ...heartbeat.Proof) {
	t.Helper()
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.all, want) {
		t.Errorf("reported %v, want %v", n.all, want)
	}
}

// bubble runs a test in virtual time with a connection on which 1000 bytes have
// been written and acknowledged.
func bubble(t *testing.T, f func(t *testing.T, w *Watcher, conn *fake, got *note)) {
	synctest.Test(t, func(t *testing.T) {
		f(t, watching(t, Config{}), fresh(), &note{})
	})
}

func TestALostAnswerIsCalledSoAtTheEndOfTheWindow(t *testing.T) {
	bubble(t, func(t *testing.T, w *Watcher, conn *fake, got *note) {
		w.Watch(conn.write(), time.Now(), got.report)
		conn.set(func(f *fake) { f.retransmits = 7 })
		pass(window - time.Millisecond)
		got.want(t)
		pass(time.Millisecond)
		got.want(t, heartbeat.Lost)
		if conn.looks > 7 {
			t.Errorf("the socket was looked at %d times for one answer", conn.looks)
		}
	})
}

func TestTheNextRequestOnTheConnectionConfirms(t *testing.T) {
	bubble(t, func(t *testing.T, w *Watcher, conn *fake, got *note) {
		id := w.Watch(conn.write(), time.Now(), got.report)
		w.Confirm(id)
		got.want(t, heartbeat.Confirmed)
		w.Confirm(id)
		w.Closing(id)
		pass(time.Hour)
		got.want(t, heartbeat.Confirmed)
	})
}

func TestTheNextRequestElsewhereConfirmsOnlyWhatWasAcknowledged(t *testing.T) {
	bubble(t, func(t *testing.T, w *Watcher, conn *fake, got *note) {
		w.Watch(conn.write(), time.Now(), got.report)
		w.Heard(phone)
		w.Heard(heartbeat.Key{Device: "another"})
		got.want(t)
		conn.set(func(f *fake) { f.acked = 1200 })
		w.Heard(phone)
		got.want(t, heartbeat.Confirmed)
	})
}

func TestOnASharedConnectionTheNextRequestConfirmsOnlyWhatWasAcknowledged(t *testing.T) {
	bubble(t, func(t *testing.T, w *Watcher, conn *fake, got *note) {
		a := conn.write()
		a.Shared = true
		id := w.Watch(a, time.Now(), got.report)
		w.Confirm(id)
		got.want(t)
		conn.set(func(f *fake) { f.acked = 1200 })
		w.Confirm(id)
		got.want(t, heartbeat.Confirmed)
	})
}

func TestBehindABalancerOnlyTheNextRequestProves(t *testing.T) {
	bubble(t, func(t *testing.T, w *Watcher, conn *fake, got *note) {
		behind := func() Answer {
			a := conn.write()
			a.Before.readable = false
			return a
		}
		w.Watch(behind(), time.Now(), got.report)
		conn.set(func(f *fake) { f.acked = f.written })
		w.Heard(phone)
		pass(window)
		got.want(t, heartbeat.Unknown)
		w.Confirm(w.Watch(behind(), time.Now(), got.report))
		got.want(t, heartbeat.Unknown, heartbeat.Confirmed)
		shared := behind()
		shared.Shared = true
		if id := w.Watch(shared, time.Now(), got.report); id != 0 {
			t.Error("HTTP/2 behind a balancer is watched, and for what?")
		}
		got.want(t, heartbeat.Unknown, heartbeat.Confirmed, heartbeat.Unknown)
		if conn.looks > 0 {
			t.Error("the balancer's socket was asked")
		}
	})
}

func TestASocketClosedUnderUsIsJudgedByWhatWasSeen(t *testing.T) {
	bubble(t, func(t *testing.T, w *Watcher, conn *fake, got *note) {
		w.Watch(conn.write(), time.Now(), got.report)
		pass(time.Second)
		conn.set(func(f *fake) { f.acked, f.gone = 1200, true }) // nobody saw this acknowledgement
		pass(window)
		got.want(t, heartbeat.Unknown)

		conn = fresh()
		w.Watch(conn.write(), time.Now(), got.report)
		conn.set(func(f *fake) { f.acked = 1200 })
		pass(time.Second)
		conn.set(func(f *fake) { f.gone = true })
		pass(window)
		got.want(t, heartbeat.Unknown, heartbeat.Acked)
	})
}

func TestTheLastLookBeforeClosingDecides(t *testing.T) {
	bubble(t, func(t *testing.T, w *Watcher, conn *fake, got *note) {
		id := w.Watch(conn.write(), time.Now(), got.report)
		conn.set(func(f *fake) { f.closed = true }) // a reset
		w.Closing(id)
		got.want(t, heartbeat.Lost)

		conn = fresh()
		id = w.Watch(conn.write(), time.Now(), got.report)
		conn.set(func(f *fake) { f.acked = 1200 })
		w.Closing(id)
		conn.set(func(f *fake) { f.gone = true })
		got.want(t, heartbeat.Lost)
		w.Heard(phone)
		got.want(t, heartbeat.Lost, heartbeat.Confirmed)

		conn = fresh()
		id = w.Watch(conn.write(), time.Now(), got.report)
		w.Closing(id) // by us, too early to tell
		got.want(t, heartbeat.Lost, heartbeat.Confirmed, heartbeat.Unknown)
	})
}

func TestAtTheLimitAFurtherAnswerIsUnknownAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, got := watching(t, Config{Limit: 10}), &note{}
		for i := range 12 {
			conn := fresh()
			a := conn.write()
			a.Who.Device = strconv.Itoa(i)
			w.Watch(a, time.Now(), got.report)
		}
		got.want(t, heartbeat.Unknown, heartbeat.Unknown)
		if w.Len() != 10 || w.Refused() != 2 {
			t.Errorf("%d watched, %d refused", w.Len(), w.Refused())
		}
		pass(window)
		if w.Len() != 0 || len(w.byWho) != 0 || len(w.due) != 0 {
			t.Errorf("%d, %d, %d are left", w.Len(), len(w.byWho), len(w.due))
		}
	})
}

func TestClosingTheWatcherReportsWhatIsKnown(t *testing.T) {
	bubble(t, func(t *testing.T, w *Watcher, conn *fake, got *note) {
		w.Watch(conn.write(), time.Now(), got.report)
		conn.set(func(f *fake) { f.acked = 1200 })
		pass(time.Second)
		w.Close()
		got.want(t, heartbeat.Acked)
		w.Watch(conn.write(), time.Now(), got.report)
		got.want(t, heartbeat.Acked, heartbeat.Unknown)
		w.Confirm(1)
		w.Heard(phone)
	})
}

// Whatever happens in whatever order: one report for each answer, none late,
// nothing left.
func TestEveryAnswerIsReportedOnceAndInTime(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			w := watching(t, Config{Limit: 20})
			var conns []*fake
			var ids []ID
			var mu sync.Mutex
			reports := map[int]int{}
			for range rapid.IntRange(1, 40).Draw(rt, "steps") {
				if len(ids) == 0 || rapid.Bool().Draw(rt, "new") {
					conn := fresh()
					a, n, began := conn.write(), len(ids), time.Now()
					a.Who = rapid.SampledFrom([]heartbeat.Key{{}, phone, {Device: "b"}}).Draw(rt, "who")
					a.Shared = rapid.Bool().Draw(rt, "shared")
					conns = append(conns, conn)
					ids = append(ids, w.Watch(a, began, func(heartbeat.Proof) {
						mu.Lock()
						defer mu.Unlock()
						reports[n]++
						if late := time.Since(began) - window; late > 0 {
							t.Errorf("reported %v late", late)
						}
					}))
				}
				n := rapid.IntRange(0, len(ids)-1).Draw(rt, "which")
				act(rt, w, conns[n], ids[n])
				pass(time.Duration(rapid.IntRange(0, 9000).Draw(rt, "ms")) * time.Millisecond)
			}
			pass(window)
			mu.Lock()
			defer mu.Unlock()
			for n := range ids {
				if reports[n] != 1 {
					t.Errorf("answer %d was reported %d times", n, reports[n])
				}
			}
			if w.Len() != 0 || len(w.byWho) != 0 {
				t.Errorf("%d answers and %d devices are left", w.Len(), len(w.byWho))
			}
		})
	})
}

func act(rt *rapid.T, w *Watcher, conn *fake, id ID) {
	switch rapid.IntRange(0, 6).Draw(rt, "act") {
	case 0:
		conn.set(func(f *fake) { f.acked = f.written })
	case 1:
		conn.set(func(f *fake) { f.closed = true })
	case 2:
		conn.set(func(f *fake) { f.gone = true })
	case 3:
		w.Confirm(id)
	case 4:
		w.Closing(id)
	case 5:
		w.Heard(phone)
	case 6:
		conn.set(func(f *fake) { f.retransmits++ })
	}
}
