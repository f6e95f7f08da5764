package proxy

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// The phone gives up soon after its interval: a server that is late has lost it.
func TestScenario10ServerAnswersAroundTheLimit(t *testing.T) {
	for name, asked := range map[string]wants{"Ping": {}, "hanging Sync": {cmd: "Hang"}, "short Ping": {interval: "10"}} {
		limit := seconds(asked.filled().interval)
		for when, after := range map[string]time.Duration{"2 s before": -2 * time.Second, "exactly at it": 0} {
			t.Run(name+", "+when, func(t *testing.T) {
				inABubble(t, func(w *world) {
					w.accepted(asked)
					phone := w.asks(asked)
					up := w.up()
					phone.hearsNothing(limit + after - time.Millisecond)
					time.Sleep(time.Millisecond)
					up.brings()
					phone.gets(up)
					w.allOver(1)
				})
			})
		}
		t.Run(name+", 6 s after", func(t *testing.T) {
			inABubble(t, func(w *world) {
				w.accepted(asked)
				began := time.Now()
				phone := w.asks(asked)
				up := w.up()
				time.AfterFunc(limit+6*time.Second, up.brings)
				phone.gotOurs(phone.reply())
				if took := time.Since(began); took < limit || took > limit+atOnce {
					w.Errorf("answered after %v, want %v", took, limit)
				}
				up.isCancelled()
				// The connection is as good as before, and what the server meant to say is gone.
				phone.again(asked)
				up = w.up()
				phone.hearsNothing(7 * time.Second)
				up.says(pingSays(1))
				phone.gets(up)
				w.saw(2)
				w.allOver(2)
			})
		})
	}
	t.Run("an empty Ping has the interval of the one before", func(t *testing.T) {
		inABubble(t, func(w *world) {
			w.accepted(wants{})
			phone := w.asks(wants{})
			up := w.up()
			up.says(pingSays(1))
			phone.gets(up)
			phone.again(wants{empty: true})
			up = w.up()
			phone.hearsNothing(480*time.Second - time.Millisecond)
			time.Sleep(time.Millisecond)
			phone.released()
			up.isCancelled()
		})
	})
}

func TestScenario17PhoneDisappears(t *testing.T) {
	for name, leave := range leavings {
		t.Run(name, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.accepted(wants{})
				for range 3 {
					phone := w.asks(wants{})
					up := w.up()
					leave(phone.Conn)
					up.isCancelled()
				}
				w.allOver(3)
				w.left(3)
				w.wantQuiet()
			})
		})
	}
	t.Run("RST_STREAM", func(t *testing.T) {
		d := newDesk()
		s := onSockets(t, d.script)
		w := &world{stage: s, desk: d}
		client, base := s.overHTTP2()
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error)
		go func() {
			_, _, err := s.askHTTP2(ctx, client, base, "Ping", pingOf("480", "1"))
			left <- err
		}()
		up := w.upOf("dev1")
		leave()
		if err := <-left; err == nil {
			t.Error("the phone got an answer")
		}
		up.isCancelled()
		w.allOver(1)
		w.wantOutcomes("ping left")
	})
	t.Run("nobody says so", func(t *testing.T) {
		inABubble(t, func(w *world) {
			w.accepted(wants{})
			w.asks(wants{}) // and is never heard of again
			up := w.up()
			time.Sleep(480*time.Second - time.Millisecond)
			up.isHeld()
			time.Sleep(time.Millisecond)
			up.isCancelled()
			w.allOver(1)
		})
	})
}

// upOf is up where requests name no user.
func (w *world) upOf(device string) *upWait {
	w.Helper()
	up := w.up()
	if got := deviceOf(up.Recorded); got != device {
		w.Errorf("a wait of %q went up, want one of %q", got, device)
	}
	return up
}

// A server that answers "nothing is new" at once would keep a phone's radio on for
// as long as there is battery.
func TestScenario19ServerAnswersAtOnce(t *testing.T) {
	want := []time.Duration{0, 0, 1, 2, 4, 8, 16, 30, 30} // seconds that it is held back
	for name, c := range map[string]struct {
		asked  wants
		answer string
	}{
		"Ping": {wants{}, nothingNew}, "hanging Sync": {wants{cmd: "Hang"}, quietSync},
	} {
		t.Run(name, func(t *testing.T) {
			inABubble(t, func(w *world) {
				w.stage.up.SetScript(after(time.Second, lab.Answer(c.answer)))
				phone := w.asks(c.asked)
				for i, held := range want {
					if took := phone.answered(); took != held*time.Second+time.Second {
						w.Errorf("answer %d came after %v, want %v", i+1, took, held*time.Second+time.Second)
					}
					phone.again(c.asked)
				}
				if n := w.count("diastole_waits_too_fast_total"); n < 7 {
					w.Errorf("counted %v times", n)
				}
				w.wantQuiet()
			})
		})
	}
	t.Run("never beyond the interval", func(t *testing.T) {
		inABubble(t, func(w *world) {
			w.stage.up.SetScript(after(time.Second, lab.Answer(nothingNew)))
			phone := w.asks(wants{interval: "10"})
			for i := range 12 {
				if took := phone.answered(); took > 10*time.Second+atOnce {
					w.Errorf("answer %d came after %v", i, took)
				}
				phone.again(wants{interval: "10"})
			}
		})
	})
	t.Run("mail is never held back", func(t *testing.T) {
		inABubble(t, func(w *world) {
			w.stage.up.SetScript(after(time.Second, lab.Answer(nothingNew)))
			phone := w.asks(wants{})
			for range 6 {
				phone.answered()
				phone.again(wants{})
			}
			phone.answered()
			w.stage.up.SetScript(after(time.Second, lab.Answer(document("\x03\x01\x6a\x00\x00\x0d\x45\x47\x03"+"2\x00\x01\x01"))))
			phone.again(wants{})
			if took := phone.answered(); took != time.Second {
				w.Errorf("mail came after %v", took)
			}
		})
	})
	t.Run("one that was held in full makes it good", func(t *testing.T) {
		inABubble(t, func(w *world) {
			w.stage.up.SetScript(after(time.Second, lab.Answer(nothingNew)))
			phone := w.asks(wants{})
			for range 4 {
				phone.answered()
				phone.again(wants{})
			}
			phone.answered()
			w.stage.up.SetScript(after(8*time.Minute, lab.Answer(nothingNew)))
			phone.again(wants{})
			phone.answered()
			w.stage.up.SetScript(after(time.Second, lab.Answer(nothingNew)))
			for range 2 {
				phone.again(wants{})
				if took := phone.answered(); took != time.Second {
					w.Errorf("the next came after %v", took)
				}
			}
		})
	})
	t.Run("other devices are not slowed", func(t *testing.T) {
		inABubble(t, func(w *world) {
			w.stage.up.SetScript(after(time.Second, lab.Answer(nothingNew)))
			for _, q := range []wants{{}, {}, {}, {}, {device: "dev2"}, {user: "bert"}} {
				phone := w.asks(q)
				if took := phone.answered(); (q.device != "" || q.user != "") && took != time.Second {
					w.Errorf("%+v was answered after %v", q, took)
				}
			}
			synctest.Wait()
		})
	})
}

// answered waits for the answer to what was just asked, and tells how long it took.
func (h *handset) answered() time.Duration {
	h.stage.Helper()
	began := time.Now()
	if got := h.reply(); got.code != 200 || got.cut {
		h.stage.Errorf("the phone got %+v", got)
	}
	return time.Since(began)
}
