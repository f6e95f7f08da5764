package doctor

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

func TestWhatEndsAWaitTwiceIsATimeout(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultHTTP, Code: 504, After: 55 * time.Second}))
		began := time.Now()
		r := w.walkIn(0, PathConfig{Search: time.Hour})
		r.wants(t, SideProxy, 55*time.Second)
		if r.Again == nil || r.Again.End != endHTTP || time.Duration(r.Again.Asked) != time.Minute || time.Since(began) > 2*time.Minute {
			t.Errorf("after %s, again: %+v", time.Since(began), r.Again)
		}
		if !strings.HasPrefix(r.Verdict.Says, "Server side: a proxy ") || !strings.Contains(strings.Join(r.Verdict.Notes, ";"), "ended after 55s again: that is no accident") {
			t.Errorf("%+v", r.Verdict)
		}
	})
}

// All waits end at once, as with a time-out. Only the second try knows better.
func TestARestartInTheMiddleIsNoTimeout(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultCutBefore, After: 40 * time.Second, Times: 4}))
		r := w.walkIn(0, PathConfig{Search: time.Hour})
		r.wants(t, SideUnknown, 0)
		want := "It cannot be told: waits ended after 40s (closed (FIN) without an answer), but one that was held once more was answered in time, after 1m. That is no time-out, but something that happened once."
		if r.Verdict.Says != want {
			t.Errorf("%q", r.Verdict.Says)
		}
	})
}

func TestAServerThatGoesAwayForGoodIsNotSaidToHaveATimeout(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		var gone atomic.Bool
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultReset, After: 40 * time.Second}))
		r, err := RunPath(context.Background(), PathConfig{URL: "http://lab", User: "anna", Password: "secret", Search: time.Hour,
			Watch: func(p Progress) { gone.Store(gone.Load() || p.Ended != "") },
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if gone.Load() {
					return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
				}
				return w.pipe.Dial(ctx, network, address)
			}})
		if err != nil || r.Verdict.Side != SideUnknown || !strings.Contains(r.Verdict.Says, "after 40s (reset (RST) without an answer), and then the server could not be asked any more: the server cannot be reached") {
			t.Errorf("%v, %+v", err, r.Verdict)
		}
	})
}

func TestOneTryWithoutASecondSaysSo(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultCutBefore, After: 55 * time.Second}))
		r := w.walkIn(0, PathConfig{})
		r.wants(t, SideServer, 55*time.Second)
		if r.Again != nil || !strings.Contains(strings.Join(r.Verdict.Notes, ";"), "allow more time with --search") {
			t.Errorf("%+v, again %+v", r.Verdict, r.Again)
		}
	})
	for took, note := range map[int]string{57: "ended after 57s again", 90: "ended after 1m30s then: not always after the same time"} {
		a := seen(300, 300, took, endClosed)
		v := judge(&PathReport{Holds: []Hold{seen(300, 300, 55, endClosed)}, Again: &a})
		if v.Side != SideServer || time.Duration(v.After) != 55*time.Second || !strings.Contains(strings.Join(v.Notes, ";"), note) {
			t.Errorf("%d s: %+v", took, v)
		}
	}
}

// A laptop that is shut: its clock stands still, and its connections die.
func TestAWaitThatThisMachineSleptThroughSaysNothing(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		asleep := map[bool]time.Duration{true: 20 * time.Minute}
		walk := newWalk(PathConfig{URL: "http://lab", User: "anna", Password: "secret", Dial: w.pipe.Dial,
			Holds: []time.Duration{time.Minute, 5 * time.Minute}, Search: time.Hour})
		began := time.Now()
		walk.asleep = func() time.Duration { return asleep[time.Since(began) > 2*time.Minute] }
		w.server.Inject(lab.Fault{Kind: lab.FaultReset, After: 150 * time.Second,
			Match: func(r *lab.Request) bool { return r.Command == "Ping" && r.DeviceID == "DiastoleDoctor2" }})
		r, err := walk.run(context.Background())
		want := "It cannot be told: the wait of 5m was not held (this machine slept for 20m meanwhile). Waits of up to 1m were held."
		if err != nil || r.Verdict.Side != SideUnknown || r.Verdict.Says != want {
			t.Errorf("%v, %+v", err, r.Verdict)
		}
	})
	if got := asleep(); got < 0 {
		t.Errorf("this machine slept for %s", got)
	}
}

func TestAWaitWhoseFoldersHaveChangedIsHeldAgain(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(lab.Fault{Match: lab.On("Ping"), Kind: lab.FaultStatus, Code: 7, After: 20 * time.Second, Times: 1})
		w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute}}).wants(t, SideNone, time.Minute)
	})
}

// The minute in which a byte was sent every two seconds proves two seconds.
func TestAMinuteWithBytesBetweenProvesNoMinute(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		r := w.walkIn(0, PathConfig{Holds: []time.Duration{2 * time.Second}})
		if v := r.Verdict; v.Says != "Nothing cuts connections that are silent for up to 2s." || time.Duration(v.After) != 2*time.Second ||
			len(v.Notes) != 1 || v.Notes[0] != "the server takes no wait below 1m: it was held with a byte every 2s" {
			t.Errorf("%+v", v)
		}
	})
}

func TestWaitsThatWentToSeveralAddressesAreNoted(t *testing.T) {
	one, other := seen(60, 60, 60, endHeld), seen(300, 300, 300, endHeld)
	one.To, other.To = "192.0.2.1:443", "[2001:db8::1]:443"
	v := judge(&PathReport{Holds: []Hold{one, other}})
	if v.Side != SideNone || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "waits went to 192.0.2.1:443 and [2001:db8::1]:443") {
		t.Errorf("%+v", v)
	}
}

// A name with a dead address and two that live. Whoever asks it twice may get another.
func TestAllWaitsGoToTheAddressThatAnsweredFirst(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		var mu sync.Mutex
		asked := map[string]int{}
		r, err := RunPath(context.Background(), PathConfig{URL: "http://lab", User: "anna", Password: "secret", Holds: []time.Duration{time.Minute},
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				mu.Lock()
				asked[address]++
				mu.Unlock()
				if address == "lab:80" {
					time.Sleep(15 * time.Second) // the dead one
				}
				return w.pipe.Dial(ctx, network, address)
			}})
		if err != nil || r.Verdict.Side != SideNone || asked["lab:80"] != 1 || time.Duration(r.Connect) != 15*time.Second {
			t.Errorf("%v, asked %v, %+v", err, asked, r)
		}
		if n := r.Verdict.Notes; len(n) != 1 || n[0] != "it took 15s to connect, and so it does for phones: look whether each address of the name is alive" {
			t.Errorf("notes %q", n)
		}
	})
}

func TestAnAddressThatDiesGivesWayToTheNamesOthers(t *testing.T) {
	here, _ := net.Pipe()
	defer here.Close()
	var asked []string
	s := &steady{known: map[string]string{"lab:80": "192.0.2.1:80"}, dial: func(_ context.Context, _, address string) (net.Conn, error) {
		asked = append(asked, address)
		if address == "lab:80" {
			return here, nil
		}
		return nil, syscall.ECONNREFUSED
	}}
	if c, err := s.Dial(t.Context(), "tcp", "lab:80"); err != nil || c != here || strings.Join(asked, " ") != "192.0.2.1:80 lab:80" {
		t.Errorf("%v, asked %v", err, asked)
	}
}

// The router was started anew in the middle: one wait of five minutes dies in silence.
func TestANetworkThatWasAwayOnceIsNoFirewall(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultMute, Times: 1}))
		r := w.walkIn(0, PathConfig{Holds: []time.Duration{5 * time.Minute}, Search: time.Hour})
		r.wants(t, SideUnknown, 0)
		if r.Again == nil || !strings.Contains(r.Verdict.Says, "a wait of 5m got no answer, but held once more it was answered") {
			t.Errorf("%+v, again %+v", r.Verdict, r.Again)
		}
	})
}

func TestANetworkThatIsAwayForGoodIsNoFirewall(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		var gone atomic.Bool
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultMute}))
		r, err := RunPath(context.Background(), PathConfig{URL: "http://lab", User: "anna", Password: "secret", Search: time.Hour, Holds: []time.Duration{5 * time.Minute},
			Tell: func(line string) { gone.Store(strings.HasPrefix(line, "searching")) },
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if gone.Load() {
					return nil, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}
				}
				return w.pipe.Dial(ctx, network, address)
			}})
		if err == nil || r.Verdict.Side != SideUnknown || !strings.Contains(r.Verdict.Says, "because the server could not be asked any more after the first waits: the server cannot be reached: dial") {
			t.Errorf("%v, %+v", err, r.Verdict)
		}
	})
}

// The server is back after twenty seconds.
func TestAServerThatIsStartedAnewIsWaitedFor(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		var died time.Time
		var mu sync.Mutex
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultCutBefore, After: 40 * time.Second, Times: 1}))
		r, err := RunPath(context.Background(), PathConfig{URL: "http://lab", User: "anna", Password: "secret", Search: time.Hour, Holds: []time.Duration{time.Minute},
			Watch: func(p Progress) {
				mu.Lock()
				defer mu.Unlock()
				if died.IsZero() && p.Ended != "" {
					died = time.Now()
				}
			},
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				mu.Lock()
				defer mu.Unlock()
				if !died.IsZero() && time.Since(died) < 20*time.Second {
					return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
				}
				return w.pipe.Dial(ctx, network, address)
			}})
		if err != nil || r.Again == nil || r.Again.End != endHeld || r.Verdict.Side != SideUnknown || !strings.Contains(r.Verdict.Says, "was answered in time, after 1m") {
			t.Errorf("%v, %+v", err, r.Verdict)
		}
	})
}

// The network was away, and TCP has brought the answer when it was back.
func TestAnAnswerThatWasLateOnceIsNoSlowServer(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultLate, After: 25 * time.Second, Times: 1}))
		r := w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute}, Search: time.Hour})
		if r.wants(t, SideUnknown, 0); r.Again == nil || r.Again.End != endHeld {
			t.Errorf("%+v, again %+v", r.Verdict, r.Again)
		}
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultLate, After: 25 * time.Second}))
		w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute}, Search: time.Hour}).wants(t, SideServer, 85*time.Second)
	})
}
