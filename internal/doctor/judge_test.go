package doctor

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// seen is a wait and its end, in seconds.
func seen(asked, silence, took int, end End) Hold {
	return Hold{Asked: Span(asked) * Span(time.Second), Silence: Span(silence) * Span(time.Second), Took: Span(took) * Span(time.Second), End: end}
}

// What comes back right behind a byte says that the way lives, whatever it is.
func TestAServerThatMindsBytesBetweenIsNotSaidToCut(t *testing.T) {
	control := seen(60, 10, 10, endReset)
	r := &PathReport{Holds: []Hold{seen(60, 60, 75, endSilent)}, Control: &control,
		Search: []Hold{seen(60, 36, 36, endClosed), seen(60, 40, 75, endSilent)}}
	r.Verdict = judge(r)
	r.wants(t, SideClient, 38*time.Second)
	if time.Duration(r.Verdict.Low) != 36*time.Second {
		t.Errorf("%+v", r.Verdict)
	}
}

// The same silence means three things, by what a byte behind it brings.
func TestWhatAByteBringsDecides(t *testing.T) {
	held, silent := seen(60, 10, 60, endHeld), seen(60, 10, 75, endSilent)
	for _, c := range []struct {
		probe   Probe
		control *Hold
		side    Side
		note    string
	}{
		{probeLost, &held, SideClient, "it is the silence that kills"},
		{probeLost, nil, SideClient, ""},
		{probeReset, &held, SideClient, "the next byte is refused"},
		{probeAcked, &held, SideClient, "a box on the way ends TCP itself"},
		{probeAcked, nil, SideServer, ""},
		{probeAcked, &silent, SideServer, ""},
		{probeLost, &silent, SideUnknown, ""},
		{probeNothing, nil, SideClient, "allow more time with --search"},
	} {
		dead := seen(60, 60, 75, endSilent)
		dead.Probe, dead.Kernel = c.probe, &Kernel{}
		dead.Says = c.probe.words(dead.Kernel)
		v := judge(&PathReport{Holds: []Hold{dead}, Control: c.control})
		if v.Side != c.side || !strings.Contains(strings.Join(v.Notes, ";"), c.note) || dead.Says == "" {
			t.Errorf("%s, control %+v: %+v", c.probe, c.control, v)
		}
	}
}

func TestWhatHappensNowAndThenIsNoted(t *testing.T) {
	v := judge(&PathReport{Holds: []Hold{seen(60, 60, 75, endSilent), seen(300, 300, 300, endHeld)}})
	if v.Side != SideClient || !strings.Contains(strings.Join(v.Notes, ";"), "a longer wait lived") {
		t.Errorf("%+v", v)
	}
	v = judge(&PathReport{Holds: []Hold{seen(60, 60, 60, endHeld), seen(300, 300, 90, endClosed), seen(600, 600, 230, endClosed)}})
	if v.Side != SideServer || time.Duration(v.After) != 90*time.Second || !strings.Contains(strings.Join(v.Notes, ";"), "not always after the same time: 1m30s, 3m50s") {
		t.Errorf("%+v", v)
	}
}

func TestWhatIsNoCutIsNotCalledOne(t *testing.T) {
	for name, c := range map[string]struct {
		fault lab.Fault
		says  string
	}{
		"sign-in": {lab.SignIn(nil), "It cannot be told: a wait of 1m brought something that is no answer of ActiveSync, after 0s: HTTP 200 with text/html."},
		"403":     {lab.Fault{Kind: lab.FaultHTTP, Code: 403}, "It cannot be told: the wait is refused at once with HTTP 403 Forbidden: the user, or the device, may not use ActiveSync. Look whether it is on for this mailbox, and whether a device DiastoleDoctor1 is blocked, or waits in quarantine to be allowed; or else a filter in front refuses."},
		"3":       {lab.Fault{Kind: lab.FaultStatus, Code: 3}, "It cannot be told: the server answers a wait of 1m with status 3, parameters missing, after 0s. That is its own trouble, and not the way's."},
		"mail":    {lab.Fault{Kind: lab.FaultStatus, Code: 2}, "It cannot be told: the wait of 1m was disturbed by mail again and again; take a quieter mailbox."},
	} {
		inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
			w.server.Inject(onPing(c.fault))
			r := w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute}, Search: time.Hour})
			if r.Verdict.Side != SideUnknown || r.Verdict.Says != c.says {
				t.Errorf("%s: %+v", name, r.Verdict)
			}
		})
	}
}

func TestAnAnswerThatNobodyWaitsForIsTheServers(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultLate, After: 25 * time.Second}))
		r := w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute}})
		r.wants(t, SideServer, 85*time.Second)
		if !strings.Contains(r.Verdict.Says, "too late, after 1m25s") {
			t.Errorf("%+v", r.Verdict)
		}
	})
}

// A server that has gone away between the mailbox and the waits.
func TestAWaitThatNeverBeganSaysNothing(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		var gone atomic.Bool
		r, err := RunPath(context.Background(), PathConfig{URL: "http://lab", User: "anna", Password: "secret", Search: time.Hour,
			Watch: func(Progress) { gone.Store(true) },
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if gone.Load() {
					return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
				}
				return w.pipe.Dial(ctx, network, address)
			}})
		if err != nil || r.Verdict.Side != SideUnknown || !strings.Contains(r.Verdict.Says, "was not held (the server cannot be reached: dial") {
			t.Errorf("%v, %+v", err, r.Verdict)
		}
	})
}

func TestAPageHasAllThatIsKnown(t *testing.T) {
	r := &PathReport{URL: "https://mail.example.com/x", Holds: []Hold{seen(300, 300, 60, endHTTP)}, Steps: make([]Step, 1),
		Security: &Security{Version: "TLS 1.3", Protocol: "h2", Accepts: []string{"TLS 1.2", "TLS 1.3"}, Names: []string{"mail.example.com"}, Notes: []string{"a note"}}}
	r.Holds[0].HTTP, r.Holds[0].Says, r.Holds[0].By = 504, "HTTP 504 Gateway Time-out", "nginx\x1b via 1.1 box"
	r.Verdict = judge(r)
	var page bytes.Buffer
	if err := r.Print(&page, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"TLS 1.3, accepts 1.2 1.3, h2", "HTTP 504 Gateway Time-out, from nginx? via 1.1 box", "\n- a note\n",
		"\nServer side: a proxy in front of the server loses its patience after 1m and answers HTTP 504 Gateway Time-out.\n",
		"that time is the default of nginx (proxy_read_timeout)", "→ nginx: proxy_read_timeout 3600s"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("%q is not in it:\n%s", want, page.String())
		}
	}
	if err := r.Print(fullDisk{}, nil); err == nil {
		t.Error("a page that cannot be written was written")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestASearchThatCannotAskAnyMoreProvesNothing(t *testing.T) {
	gone := seen(100, 100, 0, endFailed)
	gone.Says = "the server cannot be reached: no route to host"
	v := judge(&PathReport{Holds: []Hold{seen(300, 300, 315, endSilent)}, Search: []Hold{gone, gone}})
	if v.Side != SideUnknown || v.Says != "It cannot be told: a wait of 5m got no answer, and then the server could not be asked any more: the server cannot be reached: no route to host." {
		t.Errorf("%+v", v)
	}
}

func TestALimitThatNoPingCanHaveIsNone(t *testing.T) {
	for interval, want := range map[int]End{0: endStrange, 1: endLimit, 3600: endLimit, 86400: endStrange, 1 << 40: endStrange} {
		h := Hold{Asked: Span(time.Minute), Silence: Span(time.Minute)}
		h.answered(reply{&http.Response{StatusCode: 200}, (&eas.PingResponse{Status: 5, Interval: interval}).Append(nil)}, nil)
		if h.End != want || (h.Limit > 0) != (want == endLimit) {
			t.Errorf("%d s: %+v", interval, h)
		}
	}
}
