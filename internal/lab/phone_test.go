package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// life is a phone in a world, and what it told.
type life struct {
	*world
	mu    sync.Mutex // in every hook; wait takes it too, so that what the test read was read before what comes
	phone *Phone
	waits []Wait
	asked []time.Duration
	mails []Mail
	errs  []error
	seen  []Request // what the server was asked
}

// live runs a phone behind a firewall in a bubble. The phone starts with the test's first wait.
func live(t *testing.T, s ServerConfig, p PhoneConfig, fw FirewallConfig, test func(l *life, wait func(time.Duration))) {
	t.Helper()
	inWorld(t, s, func(w *world) {
		outside := NewPipe()
		fw.Dial = w.pipe.Dial
		f := NewFirewall(fw)
		go f.Serve(outside)
		defer f.Close()
		l := &life{world: w}
		p.URL, p.User, p.Password, p.Dial = "http://lab", "anna", "secret", outside.Dial
		note := func(f func()) { l.mu.Lock(); defer l.mu.Unlock(); f() }
		p.OnAsk = func(d time.Duration) { note(func() { l.asked = append(l.asked, d) }) }
		p.OnWait = func(e Wait) { note(func() { l.waits = append(l.waits, e) }) }
		p.OnMail = func(m Mail) { note(func() { l.mails = append(l.mails, m) }) }
		p.OnError = func(err error) { note(func() { l.errs = append(l.errs, err) }) }
		l.phone = NewPhone(p)
		w.server.Inject(Fault{Match: func(r *Request) bool { note(func() { l.seen = append(l.seen, *r) }); return false }})
		ctx, stop := context.WithCancel(context.Background())
		over := make(chan struct{})
		start := sync.OnceFunc(func() {
			go func() { l.phone.Run(ctx); close(over) }()
		})
		test(l, func(d time.Duration) {
			note(start)
			time.Sleep(d)
			synctest.Wait()
		})
		stop()
		<-over
	})
}

// minutes are the intervals asked so far.
func (l *life) minutes() (m []int) {
	for _, d := range l.asked {
		m = append(m, int(d/time.Minute))
	}
	return m
}

// The carrier of Exchange's own description of Direct Push kills at 13 minutes, and mail comes 4 minutes into the
// first 12: the phone asks 15, 8, 12, 12, 16 and stays at 12.
func TestADirectPushPhoneFindsTheCarriersLimit(t *testing.T) {
	live(t, ServerConfig{}, PhoneConfig{}, FirewallConfig{Idle: 13 * time.Minute}, func(l *life, wait func(time.Duration)) {
		wait((15 + 8 + 4) * time.Minute)
		l.deliver("during the first 12")
		wait(2 * time.Hour)
		if got := l.minutes()[:8]; !slices.Equal(got, []int{15, 8, 12, 12, 16, 12, 12, 12}) {
			t.Errorf("asked %v", got)
		}
		if len(l.mails) != 1 || l.mails[0].Subject != "during the first 12" {
			t.Errorf("mails %v", l.mails)
		}
		if e := l.waits[0]; e.Event != Silent || e.Took != 15*time.Minute+5*time.Second || !errors.Is(e.Err, context.DeadlineExceeded) {
			t.Errorf("first wait %+v", e)
		}
		if last := l.waits[len(l.waits)-1]; last.Event != Expired || last.State != "settled" {
			t.Errorf("last wait %+v", last)
		}
	})
}

func TestAnAOSPPhoneOscillatesAboveTheLimitForEver(t *testing.T) {
	live(t, ServerConfig{}, PhoneConfig{Ladder: AOSP()}, FirewallConfig{Idle: 10 * time.Minute}, func(l *life, wait func(time.Duration)) {
		wait(3 * time.Hour)
		for i, d := range l.asked[:10] {
			if want := []time.Duration{480, 780}[i%2] * time.Second; d != want {
				t.Fatalf("wait %d asked %v, want %v", i+1, d, want)
			}
		}
	})
}

func TestAScaledPhoneAsksScaledSecondsOnTheWire(t *testing.T) {
	cfg := ServerConfig{MinHeartbeat: time.Second, MaxHeartbeat: 12 * time.Second}
	live(t, cfg, PhoneConfig{Scale: 60, Grace: time.Second, Ladder: DirectPush()}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
		wait(30 * time.Second)
		if got := l.minutes()[:3]; !slices.Equal(got, []int{15, 12, 12}) {
			t.Errorf("asked %v, want 15 (refused by Status 5 with 12), then 12", got)
		}
		if l.waits[0].Event != Refused || l.waits[1].Took != 12*time.Second {
			t.Errorf("waits %+v", l.waits[:2])
		}
	})
}

func TestMailReachesAWaitingPhoneAtOnceInEachWayOfWaiting(t *testing.T) {
	for name, cfg := range map[string]PhoneConfig{
		"Ping":              {},
		"empty Ping":        {EmptyPing: true, ClosePing: true, Ladder: Fixed(10 * time.Minute)},
		"base64 Ping":       {Base64: true, DeviceType: "WP8"},
		"HeartbeatInterval": {HangingSync: true},
		"Wait":              {HangingSync: true, Version: "12.1"},
		"2.5":               {Version: "2.5"},
	} {
		t.Run(name, func(t *testing.T) {
			live(t, ServerConfig{Gzip: true}, cfg, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
				wait(40 * time.Minute)
				for i := range 3 {
					before := time.Now()
					l.deliver(fmt.Sprint(i))
					wait(0)
					if len(l.mails) != i+1 || !l.mails[i].Received.Equal(before.Truncate(time.Millisecond)) {
						t.Fatalf("after mail %d the phone has %v", i, l.mails)
					}
					wait(7 * time.Minute)
				}
				if len(l.errs) > 0 {
					t.Errorf("errors %v", l.errs)
				}
			})
		})
	}
}

func TestAHangingSyncPhoneSendsEmptyRequestsWhenNothingChanged(t *testing.T) {
	live(t, ServerConfig{}, PhoneConfig{HangingSync: true, Ladder: Fixed(10 * time.Minute)}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
		wait(35 * time.Minute)
		empty := 0
		for _, r := range l.seen {
			if r.Command == "Sync" && r.HTTP.ContentLength == 0 {
				empty++
			}
		}
		if empty != 3 || len(l.waits) != 3 {
			t.Errorf("%d empty Syncs and %d waits in 35 minutes, want 3 and 3", empty, len(l.waits))
		}
	})
}

func TestAPhoneDoesWhatEachStatusTellsIt(t *testing.T) {
	once := func(f Fault) Fault { f.Match, f.Times = On("Ping"), 1; return f }
	for name, c := range map[string]struct {
		fault Fault
		event Event
		next  time.Duration
	}{
		"3":                    {once(Fault{Kind: FaultStatus, Code: 3}), Changed, 15 * time.Minute},
		"5":                    {once(Fault{Kind: FaultStatus, Code: 5, Limit: 700}), Refused, 700 * time.Second},
		"6":                    {once(Fault{Kind: FaultStatus, Code: 6, Limit: 1}), Changed, 15 * time.Minute},
		"7":                    {once(Fault{Kind: FaultStatus, Code: 7}), Changed, 15 * time.Minute},
		"6 without MaxFolders": {once(Fault{Kind: FaultStatus, Code: 6, After: 2 * sec}), Broken, 8 * time.Minute},
		"an empty 200":         {once(Fault{Kind: FaultHTTP, Code: 200, After: 2 * sec}), Broken, 8 * time.Minute},
		"sign-in page":         {once(SignIn(nil)), Broken, 8 * time.Minute},
		"reset":                {once(Fault{Kind: FaultReset, After: 30 * sec}), Broken, 8 * time.Minute},
		"500":                  {once(Fault{Kind: FaultHTTP, Code: 500}), Broken, 15 * time.Minute},
		"mute":                 {once(Fault{Kind: FaultMute}), Silent, 8 * time.Minute},
		"late":                 {once(Fault{Kind: FaultLate, After: 6 * sec}), Silent, 8 * time.Minute},
		"byte by byte":         {once(Fault{Kind: FaultDribble}), Expired, 19 * time.Minute},
		"garbage":              {once(Fault{Kind: FaultGarbage}), Expired, 19 * time.Minute},
		"early":                {once(Fault{Kind: FaultEarly, After: time.Minute}), Expired, 19 * time.Minute},
		"cut in a head":        {once(Fault{Kind: FaultCutHead}), Broken, 8 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			live(t, ServerConfig{}, PhoneConfig{}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
				l.server.Inject(c.fault)
				wait(20 * time.Minute)
				first := l.waits[0]
				if first.Event != c.event || first.Next != c.next {
					t.Errorf("first wait %+v, want %v and then %v", first, c.event, c.next)
				}
				wait(time.Hour)
				if last := l.waits[len(l.waits)-1]; last.Event != Expired {
					t.Errorf("it did not recover: %+v", last)
				}
			})
		})
	}
}

func TestAHangingSyncPhoneDoesWhatEachStatusTellsIt(t *testing.T) {
	for name, c := range map[string]struct {
		fault   Fault
		version string
		event   Event
		next    time.Duration
	}{
		"14":                 {Fault{Code: 14, Limit: 700}, "14.1", Refused, 700 * time.Second},
		"14 in minutes":      {Fault{Code: 14, Limit: 10}, "12.1", Refused, 10 * time.Minute},
		"12":                 {Fault{Code: 12}, "14.1", Changed, 15 * time.Minute},
		"13":                 {Fault{Code: 13}, "14.1", Changed, 15 * time.Minute},
		"136":                {Fault{Code: 136}, "14.1", Changed, 15 * time.Minute},
		"5":                  {Fault{Code: 5}, "14.1", Changed, 15 * time.Minute},
		"3 in a collection":  {Fault{Code: 3, InCollections: true}, "14.1", Changed, 15 * time.Minute},
		"12 in a collection": {Fault{Code: 12, InCollections: true}, "14.1", Changed, 15 * time.Minute},
		"5 in a collection":  {Fault{Code: 5, InCollections: true}, "14.1", Changed, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			live(t, ServerConfig{}, PhoneConfig{HangingSync: true, Version: c.version}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
				f := c.fault
				f.Kind, f.Times = FaultStatus, 1
				f.Match = func(r *Request) bool { return len(l.asked) == 1 && On("Sync")(r) }
				l.server.Inject(f)
				wait(time.Second)
				if first := l.waits[0]; first.Event != c.event || first.Next != c.next {
					t.Errorf("first wait %+v, want %v and then %v", first, c.event, c.next)
				}
				wait(time.Minute)
				l.deliver("afterwards")
				wait(time.Minute)
				if len(l.mails) != 1 {
					t.Errorf("mails %v, errors %v", l.mails, l.errs)
				}
			})
		})
	}
}

func TestAPhoneNeitherLoopsNorGivesUpWhenTheServerIsBroken(t *testing.T) {
	for name, f := range map[string]Fault{
		"8":       {Kind: FaultStatus, Code: 8},
		"500":     {Kind: FaultHTTP, Code: 500},
		"401":     {Kind: FaultHTTP, Code: 401},
		"refused": {Kind: FaultReset},
		"sign-in": SignIn(nil),
	} {
		t.Run(name, func(t *testing.T) {
			live(t, ServerConfig{}, PhoneConfig{}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
				remove := l.server.Inject(f)
				wait(time.Hour)
				if n := len(l.seen); n > 60 {
					t.Errorf("%d requests in an hour of failures", n)
				}
				remove()
				wait(time.Hour)
				if len(l.waits) == 0 || l.waits[len(l.waits)-1].Event != Expired {
					t.Errorf("it did not recover: %v", l.errs)
				}
			})
		})
	}
}

func TestAPhoneKeepsRetryAfter(t *testing.T) {
	f := Throttled(On("Ping"), "1234")
	f.Times = 1
	live(t, ServerConfig{}, PhoneConfig{}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
		l.server.Inject(f)
		wait(1233 * time.Second)
		if len(l.asked) != 1 {
			t.Errorf("asked %d times within Retry-After", len(l.asked))
		}
		wait(2 * time.Second)
		if len(l.asked) != 2 {
			t.Errorf("asked %d times after it", len(l.asked))
		}
	})
}

func TestAPhoneFollowsARedirectToItsServer(t *testing.T) {
	f := Redirected(nil, "http://other.lab.test/Microsoft-Server-ActiveSync")
	f.Times = 1
	live(t, ServerConfig{}, PhoneConfig{}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
		l.server.Inject(f)
		wait(20 * time.Minute)
		if last := l.seen[len(l.seen)-1]; last.HTTP.Host != "other.lab.test" {
			t.Errorf("asks %s", last.HTTP.Host)
		}
	})
}

func TestAPhoneProvisionsWhenItIsTold(t *testing.T) {
	for _, version := range []string{"12.1", "14.1"} {
		live(t, ServerConfig{Policy: true}, PhoneConfig{Version: version}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
			wait(16 * time.Minute)
			l.server.RevokePolicies()
			l.deliver("after a change of policy")
			wait(time.Minute)
			if len(l.mails) != 1 || len(l.errs) != 0 {
				t.Errorf("%s: mails %v, errors %v", version, l.mails, l.errs)
			}
		})
	}
}

func TestAPhoneNoticesNewFolders(t *testing.T) {
	live(t, ServerConfig{}, PhoneConfig{}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
		wait(time.Minute)
		before := len(l.phone.Folders())
		l.server.AddFolder("anna", "Projects", "Email")
		wait(time.Minute)
		if got := len(l.phone.Folders()); got != before+1 {
			t.Errorf("%d folders, want %d", got, before+1)
		}
	})
}

func TestAPhoneSendsAndFetchesAttachments(t *testing.T) {
	file := Attachment{Name: "größe.bin", ContentType: "application/x-test", Size: 300_000}
	want, _ := io.ReadAll(file.Open())
	for _, version := range []string{"12.1", "14.1"} {
		live(t, ServerConfig{}, PhoneConfig{Version: version}, FirewallConfig{}, func(l *life, wait func(time.Duration)) {
			wait(time.Minute)
			if err := l.phone.Send(context.Background(), Mail{From: "anna@lab.test", To: "anna@lab.test",
				Subject: "Grüße", Body: "see file", Attachments: []Attachment{file}}); err != nil {
				t.Fatal(err)
			}
			wait(time.Minute)
			if len(l.mails) != 1 || l.mails[0].Subject != "Grüße" || len(l.mails[0].Attachments) != 1 {
				t.Fatalf("%s: %+v", version, l.mails)
			}
			a := l.mails[0].Attachments[0]
			r, err := l.phone.Fetch(context.Background(), a.Reference)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, want) || a.Name != file.Name || a.Size != file.Size {
				t.Errorf("%s: %d bytes of %q, %v", version, len(got), a.Name, err)
			}
			if _, err := l.phone.Fetch(context.Background(), "5:99:0"); err == nil {
				t.Error("a file that is not there was fetched")
			}
		})
	}
}

func TestAPhoneSpeaksTLSOnRealSockets(t *testing.T) {
	s := NewServer(ServerConfig{Users: map[string]string{"anna": "secret"}, MinHeartbeat: time.Second})
	cert := httptest.NewTLSServer(nil)
	cert.Close()
	roots := x509.NewCertPool()
	roots.AddCert(cert.Certificate())
	url, err := s.Listen(&tls.Config{Certificates: cert.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mails := make(chan Mail, 1)
	asked := make(chan time.Duration, 100)
	p := NewPhone(PhoneConfig{URL: url, User: "anna", Password: "secret",
		TLS:    &tls.Config{RootCAs: roots, ServerName: "example.com"},
		OnMail: func(m Mail) { mails <- m }, OnAsk: func(d time.Duration) { asked <- d }})
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { p.Run(ctx); close(over) }()
	<-asked
	if versions, err := p.Options(ctx); err != nil || versions != protocolVersions {
		t.Errorf("OPTIONS: %q, %v", versions, err)
	}
	s.Deliver("anna", "", Mail{Subject: "hello"})
	if m := <-mails; m.Subject != "hello" {
		t.Errorf("%+v", m)
	}
	stop()
	<-over
}
