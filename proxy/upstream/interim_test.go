package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestInterimAnswersComeBeforeTheFinalOne(t *testing.T) {
	s := serve(t, keepAnswering("HTTP/1.1 100 Continue\n\nHTTP/1.1 102 Processing\n\n"+
		"HTTP/1.1 103 Early Hints\nLink: </a>\nX-Case: b\n\n"+ok))
	c := s.client(Config{})
	for range 2 {
		var seen []string
		r := get()
		r.Interim = func(status int, fields []Field) { seen = append(seen, fmt.Sprint(status, fields)) }
		x, body := must(t, c, r)
		if want := []string{"102 []", "103 [{Link </a>} {X-Case b}]"}; !slices.Equal(seen, want) {
			t.Errorf("%q", seen)
		}
		if x.Status != 200 || body != "ok" || len(x.Header) != 1 {
			t.Errorf("%d %q %v", x.Status, body, x.Header)
		}
	}
	if s.connections() != 1 {
		t.Error("the connection was not kept")
	}
}

func TestManyInterimAnswers(t *testing.T) {
	s := serve(t, keepAnswering(strings.Repeat("HTTP/1.1 103 Early Hints\nLink: </a>\n\n", 5000)+ok))
	count := 0
	r := get()
	r.Interim = func(int, []Field) { count++ }
	if _, body := must(t, s.client(Config{}), r); body != "ok" || count != 5000 {
		t.Errorf("%q after %d", body, count)
	}
}

// An interim answer shows the server at work: after it a second sending would
// make it do the work twice, however dead the connection is.
func TestDeathAfterAnInterimAnswerIsNotStale(t *testing.T) {
	s := serve(t, func(p *peer) {
		p.request()
		p.say(ok)
		p.request()
		p.say("HTTP/1.1 102 Processing\n\n")
	})
	c := s.client(Config{})
	must(t, c, get())
	_, err := c.Do(context.Background(), get())
	if e := new(Error); !errors.As(err, &e) || e.Phase != Head || e.Stale() || s.connections() != 1 {
		t.Errorf("%v on connection %d", err, s.connections())
	}
}

// expecting is an upload that is held back, with a count of reads of its body.
func expecting(body string) (*Request, *atomic.Int32) {
	reads := new(atomic.Int32)
	r := post(body)
	r.Bytes, r.AwaitContinue = nil, true
	r.Header["Expect"] = []string{"100-continue"}
	in := strings.NewReader(body)
	r.Stream = readFunc(func(p []byte) (int, error) { reads.Add(1); return in.Read(p) })
	r.Interrupt = func() { reads.Store(-1000) }
	return r, reads
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestBodyIsHeldBackUntilTheServerSaysContinue(t *testing.T) {
	r, reads := expecting("body")
	s := serve(t, func(p *peer) {
		if p.head(); reads.Load() != 0 {
			p.t.Error("the body was read before 100")
		}
		p.say("HTTP/1.1 102 Processing\n\nHTTP/1.1 100 Continue\n\n")
		got := make([]byte, 4)
		_, _ = io.ReadFull(p.in, got)
		p.say("HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 4\n\n" + string(got))
		p.rest()
	})
	c := s.client(Config{})
	if _, body := must(t, c, r); body != "body" || c.Idle() != 1 {
		t.Errorf("%q, %d idle", body, c.Idle())
	}
}

func TestHeldBackBodyIsNeverReadAfterAFinalAnswer(t *testing.T) {
	for _, answer := range []string{"HTTP/1.1 417 No\nContent-Length: 0\n\n", ok} {
		r, reads := expecting("body")
		s := serve(t, func(p *peer) {
			p.head()
			p.say(answer)
			if got := p.rest(); got != "" {
				p.t.Errorf("the server got %q", got)
			}
		})
		c := s.client(Config{})
		must(t, c, r)
		// The server may still count on the body: the connection is of no use.
		if reads.Load() != 0 || c.Idle() != 0 {
			t.Errorf("%d reads of the body, %d idle", reads.Load(), c.Idle())
		}
	}
}

// However long the answer's body then takes.
func TestHeldBackBodyIsNotReadWhileTheFinalAnswerIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go func() {
			_, _ = theirs.Read(make([]byte, 4096))
			_, _ = io.WriteString(theirs, "HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\n")
		}()
		r, reads := expecting("body")
		x, err := newConn(ours, ours).exchange(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if reads.Load() != 0 {
			t.Error("the body was read after the refusal")
		}
		x.Close()
	})
}

func TestHeldBackBodyIsNeverReadAfterAnError(t *testing.T) {
	r, reads := expecting("body")
	s := serve(t, func(p *peer) { p.head() })
	if _, err := s.client(Config{}).Do(context.Background(), r); err == nil || reads.Load() != 0 {
		t.Errorf("%v, %d reads of the body", err, reads.Load())
	}
}

// sogod says nothing to Expect and waits for the body.
func TestHeldBackBodyGoesUpAfterASecondOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		var after time.Duration
		go func() {
			began := time.Now()
			r, err := http.ReadRequest(newBuffered(theirs))
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.ReadAll(r.Body)
			after = time.Since(began)
			_, _ = io.WriteString(theirs, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}()
		r, _ := expecting("body")
		x, err := newConn(ours, ours).exchange(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		x.Close()
		if after != time.Second {
			t.Errorf("after %v", after)
		}
	})
}

// A Ping that breaks after minutes was no stale connection.
func TestRepeatableRequestThatFailsLateIsNotRepeated(t *testing.T) {
	for after, want := range map[time.Duration]bool{repeatLimit - 1: true, repeatLimit: false, 10 * time.Minute: false} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				_, _ = theirs.Read(make([]byte, 4096))
				time.Sleep(after)
				theirs.Close()
			}()
			kept := newConn(ours, ours)
			kept.answered = 1
			_, err := kept.exchange(context.Background(), get())
			if again := New(Config{}).again(context.Background(), get(), err); again != want {
				t.Errorf("after %v: sent again: %v", after, again)
			}
		})
	}
}

func TestUpgradedConnectionComesWithWhatTheServerHasSaid(t *testing.T) {
	both(t, func(t *testing.T, serve func(testing.TB, func(*peer)) *server) {
		s := serve(t, func(p *peer) {
			p.request()
			p.say("HTTP/1.1 101 Switching Protocols\nUpgrade: echo\nConnection: Upgrade\n\nearly")
			_, _ = io.Copy(p.Conn, p.in)
		})
		c := s.client(Config{})
		ctx, cancel := context.WithCancel(context.Background())
		x, err := c.Do(ctx, get())
		if err != nil {
			t.Fatal(err)
		}
		up, ahead := x.Upgraded()
		defer up.Close()
		cancel() // has no more power over it
		x.Close()
		for len(ahead) < len("early") {
			b := make([]byte, 5)
			n, err := up.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			ahead = append(ahead, b[:n]...)
		}
		_, _ = io.WriteString(up, "hello")
		got := make([]byte, 5)
		if _, err := io.ReadFull(up, got); x.Status != 101 || string(ahead) != "early" || string(got) != "hello" {
			t.Errorf("%d, %q, then %q, %v", x.Status, ahead, got, err)
		}
	})
}

func TestUpgradeThatNobodyTakesEndsTheConnection(t *testing.T) {
	s := serve(t, func(p *peer) {
		p.request()
		p.say("HTTP/1.1 101 Switching Protocols\n\n")
		p.rest()
	})
	c := s.client(Config{})
	if must(t, c, get()); c.Idle() != 0 {
		t.Error("a connection that speaks no HTTP any more is kept")
	}
}
