package proxy

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// bodyOf is what follows the head of an answer.
func bodyOf(answer string) string {
	_, body, _ := strings.Cut(answer, "\r\n\r\n")
	return body
}

// A server takes nothing below its own minimum: that is its affair and ours, the
// device asked for enough.
func TestSliceBelowTheServersMinimum(t *testing.T) {
	for _, interval := range []string{"900", "890", "301", "60"} {
		t.Run(interval, func(t *testing.T) {
			d := &slicer{floor: time.Minute}
			inSlices(t, d, func(w *world) {
				whole := seconds(interval)
				phone := w.asks(wants{interval: interval})
				for range 2 {
					began := time.Now()
					phone.gotOurs(phone.reply())
					if took := time.Since(began); took < whole-2*time.Second || took > whole+atOnce {
						w.Errorf("answered after %v", took)
					}
					phone.again(wants{interval: interval})
				}
				refusals := 0
				for _, p := range d.seen() {
					if p.asked < d.floor {
						refusals++
					}
				}
				if refusals > 1 {
					w.Errorf("%d of %d pieces were too short for the server, want one at most", refusals, len(d.seen()))
				}
			})
		})
	}
	t.Run("the device's own interval is below it", func(t *testing.T) {
		d := &slicer{floor: time.Minute}
		inSlices(t, d, func(w *world) {
			phone := w.asks(wants{interval: "30"})
			if got := phone.reply(); !strings.Contains(got.body, "60") {
				w.Errorf("got %+v, want the server's Status 5", got)
			}
		})
	})
}

func TestSliceEndsWithItsPhone(t *testing.T) {
	d := &slicer{}
	inSlices(t, d, func(w *world) {
		phone := w.asks(wants{interval: "900"})
		time.Sleep(2*slice + 10*time.Second)
		phone.Close()
		time.Sleep(time.Hour)
		if pieces := d.seen(); len(pieces) != 3 || !pieces[2].ended.IsZero() {
			w.Errorf("%d pieces went up, the last ended %v", len(pieces), pieces[len(pieces)-1].ended)
		}
		w.allOver(1)
		w.wantOutcomes("ping left")
	})
}

func TestSliceIsInheritedLikeAWhole(t *testing.T) {
	d := &slicer{}
	inSlices(t, d, func(w *world) {
		first := w.asks(wants{interval: "900"})
		time.Sleep(2*slice + 10*time.Second)
		second := w.asks(wants{interval: "900"})
		first.released()
		began := time.Now()
		second.gotOurs(second.reply())
		if took := time.Since(began); took > 900*time.Second+atOnce {
			w.Errorf("answered after %v", took)
		}
		pieces := d.seen()
		for i := 1; i < len(pieces); i++ {
			if pieces[i-1].ended.IsZero() || pieces[i].at.Before(pieces[i-1].ended) {
				w.Errorf("pieces %d and %d were up at once", i, i+1)
			}
		}
	})
}

func TestSliceIsDrainedLikeAWhole(t *testing.T) {
	for _, asked := range []wants{{interval: "900"}, {cmd: "Hang", interval: "900"}} {
		d := &slicer{}
		inSlices(t, d, func(w *world) {
			phone := w.asks(asked)
			time.Sleep(3*slice + time.Second)
			w.proxy.Drain(10 * time.Second)
			time.Sleep(10 * time.Second)
			phone.released()
			time.Sleep(time.Hour)
			if n := len(d.seen()); n != 4 {
				w.Errorf("%d pieces went up, want 4", n)
			}
			w.allOver(1)
		})
	}
}

// A server that dies between two pieces is covered as one that dies in a wait.
func TestSliceWhoseServerDies(t *testing.T) {
	d := &slicer{nth: 3, says: after(time.Second, func(x *lab.Exchange) error {
		x.Reset()
		return io.EOF
	})}
	inSlices(t, d, func(w *world) {
		phone := w.asks(wants{interval: "900"})
		got := phone.reply()
		if got.code != 200 && got.code != 503 || got.cut {
			w.Errorf("the phone got %+v", got)
		}
	})
}

// An empty Ping, and a Sync that counts in minutes, are cut too, or left whole: never
// late, and never told of it.
func TestSliceOfOtherForms(t *testing.T) {
	minutes := syncOf("1")
	minutes.Wait = 5
	for name, raw := range map[string]string{
		"interval only": post{cmd: "Ping", body: pingOf("300")}.raw(),
		"empty":         post{cmd: "Ping"}.raw(),
		"Wait":          post{cmd: "Sync", body: minutes.Append(nil, "12.1"), lines: "MS-ASProtocolVersion: 12.1\r\n"}.raw(),
	} {
		t.Run(name, func(t *testing.T) {
			d := &slicer{}
			inSlices(t, d, func(w *world) {
				phone := w.asks(wants{interval: "300"})
				phone.reply()
				began := time.Now()
				phone.send(raw)
				if got := phone.reply(); got.code != 200 || got.body != pingSays(1) && got.body != "" {
					w.Errorf("the phone got %+v", got)
				}
				if took := time.Since(began); took < 300*time.Second || took > 300*time.Second+atOnce {
					w.Errorf("answered after %v", took)
				}
				synctest.Wait()
			})
		})
	}
}

// On sockets, where waits are parked, with the shortest pieces that there are.
func TestSliceOfAParkedWait(t *testing.T) {
	d := &slicer{nth: 3, says: after(0, lab.Answer(document(pingSays(2))))}
	w := parkedWorld(t, func(c *Config) { c.Hold.Slice = time.Second })
	w.stage.up.SetScript(d.script)
	wantReply(t, w.ask(post{cmd: "FolderSync", body: []byte("x")}), 200, bodyOf(oneFolder))
	phone := w.call()
	_ = phone.SetReadDeadline(time.Now().Add(15 * time.Second))
	wantReply(t, phone.ask(post{cmd: "Ping", body: pingOf("60", "1")}), 200, pingSays(2))
	for i, p := range d.seen() {
		if p.body != string(pingOf("1", "1")) {
			t.Errorf("piece %d went up as %q", i+1, p.body)
		}
	}
	if n := len(d.seen()); n != 3 {
		t.Errorf("%d pieces went up, want 3", n)
	}
}
