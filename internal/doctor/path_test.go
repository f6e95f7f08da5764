package doctor

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// walkIn looks at the way to the world's server, which is through a firewall that forgets
// after so long; 0: it never does.
func (w *world) walkIn(idle time.Duration, c PathConfig) *PathReport {
	w.t.Helper()
	outside := lab.NewPipe()
	wall := lab.NewFirewall(lab.FirewallConfig{Dial: w.pipe.Dial, Idle: idle})
	go wall.Serve(outside)
	defer wall.Close()
	c.URL, c.User, c.Password, c.Dial = "http://mail.lab.test", "anna", "secret", outside.Dial
	r, err := RunPath(context.Background(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// wants fails unless the verdict is this side, within five seconds.
func (r *PathReport) wants(t *testing.T, side Side, after time.Duration) {
	t.Helper()
	v := r.Verdict
	if v.Side != side || (time.Duration(v.After)-after).Abs() > 5*time.Second {
		t.Errorf("verdict %+v, want %s after %s; holds %+v, search %+v", v, side, after, r.Holds, r.Search)
	}
}

func onPing(f lab.Fault) lab.Fault { f.Match = lab.On("Ping"); return f }

func TestAPathThatCutsNothingIsSaidToCutNothing(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		began := time.Now()
		r := w.walkIn(0, PathConfig{Search: time.Hour})
		r.wants(t, SideNone, 15*time.Minute)
		if took := time.Since(began); took > 15*time.Minute+time.Second {
			t.Errorf("it took %s: waits of one path are held at once", took)
		}
		for i, h := range r.Holds {
			if h.End != endHeld || h.Took != h.Asked || time.Duration(h.Asked) != DefaultHolds()[i] {
				t.Errorf("hold %+v", h)
			}
		}
		if len(r.Steps) != 3 || r.Search != nil || r.Control != nil {
			t.Errorf("got %+v", r)
		}
	})
}

// Exchange takes no Ping below 60 s: what is shorter is found with bytes between.
func TestAFirewallThatForgetsAfter40SecondsIsTheClientSide(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		r := w.walkIn(40*time.Second, PathConfig{Search: 10 * time.Minute})
		r.wants(t, SideClient, 40*time.Second)
		if r.Holds[0].End != endSilent || r.Holds[0].Probe != probeNothing || r.Holds[3].End != endGivenUp {
			t.Errorf("holds %+v", r.Holds)
		}
		if c := r.Control; c.End != endHeld || time.Duration(c.Silence) != often || time.Duration(c.Asked) != time.Minute {
			t.Errorf("control %+v", c)
		}
	})
}

func TestFirewallsAreFoundWhereverTheyCut(t *testing.T) {
	for _, idle := range []time.Duration{17 * time.Second, 100 * time.Second, 240 * time.Second, 350 * time.Second, 733 * time.Second} {
		t.Run(idle.String(), func(t *testing.T) {
			inWorld(t, short(), nil, func(w *world) {
				began := time.Now()
				r := w.walkIn(idle, PathConfig{Search: 45 * time.Minute})
				r.wants(t, SideClient, idle)
				if advised := strings.Contains(strings.Join(r.Verdict.Ways, ""), "policy.firewall_idle: "); advised != (idle > 90*time.Second) {
					t.Errorf("ways %q", r.Verdict.Ways)
				}
				if took := time.Since(began); took > time.Hour+2*time.Minute {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestAServerThatEndsWaitsAfter55SecondsIsTheServerSide(t *testing.T) {
	for kind, end := range map[lab.FaultKind]End{lab.FaultCutBefore: endClosed, lab.FaultReset: endReset, lab.FaultEarly: endEarly} {
		t.Run(string(end), func(t *testing.T) {
			inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
				w.server.Inject(onPing(lab.Fault{Kind: kind, After: 55 * time.Second}))
				r := w.walkIn(0, PathConfig{Search: time.Hour})
				r.wants(t, SideServer, 55*time.Second)
				for _, h := range r.Holds {
					if h.End != end {
						t.Errorf("hold %+v, want %s", h, end)
					}
				}
			})
		})
	}
}

func TestAProxyThatLosesItsPatienceIsNamedWithItsDefault(t *testing.T) {
	for code, c := range map[int]struct {
		after time.Duration
		who   string
	}{504: {time.Minute, "nginx"}, 502: {50 * time.Second, "HAProxy"}, 524: {100 * time.Second, "Cloudflare"}, 408: {5 * time.Minute, "Envoy"}} {
		inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
			w.server.Inject(lab.Fault{Kind: lab.FaultHTTP, Code: code, After: c.after, Header: http.Header{"Server": {"box"}},
				Match: func(r *lab.Request) bool { return r.Command == "Ping" && r.DeviceID != "DiastoleDoctor1" }})
			r := w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute, 10 * time.Minute}})
			r.wants(t, SideProxy, c.after)
			if v := r.Verdict; !strings.Contains(strings.Join(v.Suspects, ""), c.who) || len(v.Ways) < 2 || r.Holds[1].HTTP != code {
				t.Errorf("%d: %+v", code, v)
			}
		})
	}
}

func TestAServersOwnLimitIsNoCut(t *testing.T) {
	inWorld(t, lab.ServerConfig{MaxHeartbeat: 8 * time.Minute}, nil, func(w *world) {
		r := w.walkIn(0, PathConfig{})
		r.wants(t, SideServer, 8*time.Minute)
		if r.Holds[3].End != endLimit || !strings.Contains(r.Verdict.Says, "takes no wait above 8m ") {
			t.Errorf("%+v", r)
		}
		if h := r.Holds[2]; h.End != endHeld || time.Duration(h.Asked) != 8*time.Minute || r.Verdict.Notes[0] != "waits of 8m were held: nothing else cuts them" {
			t.Errorf("%+v, notes %q", h, r.Verdict.Notes)
		}
	})
}

// The server refuses what is longer, and the firewall forgets earlier than that.
func TestAFirewallBelowTheServersLimitIsFound(t *testing.T) {
	inWorld(t, lab.ServerConfig{MaxHeartbeat: 4 * time.Minute}, nil, func(w *world) {
		w.walkIn(100*time.Second, PathConfig{Search: time.Hour}).wants(t, SideClient, 100*time.Second)
	})
}

// A server that is mute is no firewall: a byte between does not help.
func TestAMuteServerIsNotTakenForAFirewall(t *testing.T) {
	inWorld(t, short(), nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultMute}))
		r := w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute}, Search: time.Hour})
		r.wants(t, SideUnknown, 0)
		if !strings.Contains(r.Verdict.Says, "so it is not the silence") || len(r.Search) != searchers {
			t.Errorf("%+v", r.Verdict)
		}
	})
}

func TestWhicheverCutsFirstIsNamed(t *testing.T) {
	inWorld(t, short(), nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultEarly, After: 200 * time.Second}))
		r := w.walkIn(120*time.Second, PathConfig{Search: time.Hour})
		r.wants(t, SideClient, 120*time.Second)
	})
	inWorld(t, short(), nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultEarly, After: 100 * time.Second}))
		r := w.walkIn(120*time.Second, PathConfig{Search: time.Hour})
		r.wants(t, SideServer, 100*time.Second)
	})
}

func TestAWaitThatMailDisturbsIsHeldAgain(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		timer := time.AfterFunc(30*time.Second, func() {
			w.server.Deliver("anna", "", lab.Mail{Subject: "meanwhile"})
		})
		defer timer.Stop()
		r := w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute}})
		r.wants(t, SideNone, time.Minute)
	})
}

func TestWithoutTimeForASearchTheBracketIsWide(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		r := w.walkIn(100*time.Second, PathConfig{})
		v := r.Verdict
		if v.Side != SideClient || time.Duration(v.Low) != time.Minute || time.Duration(v.High) != 5*time.Minute || r.Search != nil {
			t.Errorf("%+v", v)
		}
	})
}

func TestEachWaitIsSeenToBeginAndToEnd(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		var mu sync.Mutex
		begun, ended := map[int]time.Duration{}, map[int]End{}
		w.walkIn(0, PathConfig{Holds: []time.Duration{2 * time.Minute, time.Minute, time.Minute}, Watch: func(p Progress) {
			mu.Lock()
			defer mu.Unlock()
			if p.Ended == "" {
				begun[p.Lane] = p.Lasts
			} else {
				ended[p.Lane] = p.Ended
			}
		}})
		if len(begun) != 2 || begun[0] != time.Minute || begun[1] != 2*time.Minute || ended[0] != endHeld || ended[1] != endHeld {
			t.Errorf("begun %v, ended %v", begun, ended)
		}
	})
}

func TestTheReportOfAPathIsForPeople(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		r := w.walkIn(40*time.Second, PathConfig{Search: 10 * time.Minute})
		var page bytes.Buffer
		if err := r.Print(&page, func(s Side, text string) string { return "<" + string(s) + ">" + text }); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"FolderSync", "8 folders", "SILENCE", "1m       1m    silent    1m15s", "control", "<client>Client side: ", "until then no setting helps", "it is the silence that kills"} {
			if !strings.Contains(page.String(), want) {
				t.Errorf("%q is not in it:\n%s", want, page.String())
			}
		}
		t.Logf("\n%s", page.String())
	})
}

func TestWhoeverInterruptsGetsWhatWasFound(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(lab.Fault{Kind: lab.FaultCutBefore, After: 55 * time.Second,
			Match: func(r *lab.Request) bool { return r.Command == "Ping" && r.DeviceID == "DiastoleDoctor2" }})
		ctx, interrupt := context.WithCancel(context.Background())
		timer := time.AfterFunc(90*time.Second, interrupt)
		defer timer.Stop()
		r, err := RunPath(ctx, PathConfig{URL: "http://lab", User: "anna", Password: "secret", Dial: w.pipe.Dial})
		if err == nil || err.Error() != "interrupted" {
			t.Errorf("got %v", err)
		}
		r.wants(t, SideServer, 55*time.Second)
		if r.Holds[0].End != endHeld || r.Holds[1].End != endClosed || r.Holds[2].End != endGivenUp || !strings.HasPrefix(r.Verdict.Notes[len(r.Verdict.Notes)-1], "it was interrupted") {
			t.Errorf("%+v", r)
		}
	})
}
