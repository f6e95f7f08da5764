package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
)

// A server that has no worker left for one device has some for the others.
func TestScenario27ServerHasNoWorkerForAWait(t *testing.T) {
	const waiting = 20
	unavailable := "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
	for name, c := range map[string]struct {
		wait lab.Script
		code int // that a phone which waits gets
	}{
		"accepts and never answers": {after(24*time.Hour, lab.Answer(nothingNew)), 200},
		"answers 503":               {after(time.Second, lab.Answer(unavailable)), 503},
		"answers 503 and hangs up":  {after(time.Second, cutAfter(unavailable)), 503},
		"closes":                    {after(0, cutAfter()), 200},
		"resets": {after(0, func(x *lab.Exchange) error {
			x.Reset()
			return io.EOF
		}), 200},
	} {
		t.Run(name, func(t *testing.T) {
			inABubble(t, func(w *world) {
				w.stage.up.SetScript(func(x *lab.Exchange) error {
					if parameter(x.Request, "Cmd") == "Ping" {
						return c.wait(x)
					}
					return lab.Answer(oneFolder)(x)
				})
				var phones []*handset
				for i := range waiting {
					phones = append(phones, w.asks(wants{device: fmt.Sprint("d", i)}))
				}
				for i := range waiting {
					for _, cmd := range []string{"Sync", "FolderSync", "SendMail"} {
						w.command(wants{cmd: cmd, device: fmt.Sprint("other", i)}) // at once
					}
				}
				w.answeredOrTold(phones, c.code)
			})
		})
	}
	t.Run("refuses connections", func(t *testing.T) {
		inABubble(t, func(w *world) {
			w.answeredOrTold([]*handset{w.asks(wants{}), w.asks(wants{device: "dev2"})}, 503)
		}, func(c *Config) {
			c.Dial = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
		})
	})
}

// answeredOrTold: every phone gets its answer in time, or is told when to come back,
// not all of them in the same second. A 500, 502 or 504 would make iOS reload.
func (w *world) answeredOrTold(phones []*handset, code int) {
	w.Helper()
	began := time.Now()
	for _, h := range phones {
		got := h.reply()
		if got.code != code && got.code != 200 && got.code != 503 || got.cut {
			w.Errorf("the phone got %+v, want %d", got, code)
		}
		if seconds, err := strconv.Atoi(got.header.Get("Retry-After")); got.header.Get("Retry-After") != "" && (err != nil || seconds < 1 || seconds > 60) {
			w.Errorf("Retry-After %q", got.header.Get("Retry-After"))
		}
	}
	if took := time.Since(began); took > 480*time.Second+atOnce {
		w.Errorf("the last was answered after %v", took)
	}
}

// 10,000 phones for an hour, one of their users with 30 of them. The race detector
// allows no more than some thousand goroutines: then it is 1,000.
func TestScenario30TenThousandHeldForAnHour(t *testing.T) {
	phones := 10_000
	if underRace {
		phones = 1000
	}
	inABubble(t, func(w *world) {
		w.stage.up.SetScript(answersInTime)
		w.holdForAnHour(phones)
		before := w.live()
		w.holdForAnHour(phones)
		// The recorder keeps some 350 bytes of each request; a wait is more than that.
		if grown := w.live() - before; grown > 2<<20+int64(phones)*600 {
			w.Errorf("a second hour left %d bytes more than the first", grown)
		}
		w.allOver(2 * phones)
	}, func(c *Config) { c.Devices = heartbeat.NewTracker(heartbeat.TrackerConfig{Devices: 100}) }) // their histories grow, up to a limit
}

// answersInTime holds a Ping of 3540 s in full.
func answersInTime(x *lab.Exchange) error {
	if parameter(x.Request, "Cmd") == "Ping" {
		return after(3540*time.Second, lab.Answer(nothingNew))(x)
	}
	return lab.Answer(oneFolder)(x)
}

// live is what the heap holds, but for the log that the stage keeps. What the first
// collection finds in a sync.Pool the second one frees.
func (w *world) live() int64 {
	w.log.TakeAll()
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// holdForAnHour lets that many phones wait an hour, and go.
func (w *world) holdForAnHour(phones int) {
	w.Helper()
	var waiting []*handset
	for i := range phones {
		q := wants{device: fmt.Sprint("d", i), user: fmt.Sprint("u", max(30, i)), interval: "3540"} // u30 has thirty
		h := w.ringsFrom(w.ips[0])
		h.again(q)
		waiting = append(waiting, h)
	}
	begun := runtime.NumGoroutine()
	if held := w.count("diastole_waits_held"); held != float64(phones) {
		w.Errorf("%v waits are held, want %d", held, phones)
	}
	for i := range 29 {
		time.Sleep(2 * time.Minute)
		w.command(wants{cmd: "FolderSync", device: fmt.Sprint("d", i), user: "u30"}) // address completion and the like: at once
	}
	synctest.Wait()
	if now := runtime.NumGoroutine(); now > begun+phones/100+10 {
		w.Errorf("%d goroutines after an hour, %d at its beginning", now, begun)
	}
	for _, h := range waiting {
		wantReply(w.T, h.reply(), 200, pingSays(1))
		_ = h.SetReadDeadline(time.Time{}) // its timer would keep it alive
		h.Close()
	}
	w.settled()
	time.Sleep(10 * time.Minute) // every timer is over: of idle connections, of answers whose proof is awaited
	synctest.Wait()
	if held := w.count("diastole_waits_held"); held != 0 {
		w.Errorf("%v waits are held in the end", held)
	}
}
