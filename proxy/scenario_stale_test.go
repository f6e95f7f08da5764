package proxy

import (
	"io"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// staleOnce answers the first request of each connection and breaks on the next.
func staleOnce(breaks lab.Script) lab.Script {
	return func(x *lab.Exchange) error {
		if err := x.ReadBody(); err != nil {
			return err
		}
		if x.Request.Nth > 1 {
			return breaks(x)
		}
		return x.Send(nothingNew)
	}
}

func TestScenario16KeptConnectionIsStale(t *testing.T) {
	reset := func(x *lab.Exchange) error { x.Reset(); return io.EOF }
	for name, breaks := range map[string]lab.Script{"FIN": cutAfter(), "RST": reset} {
		t.Run("a Ping goes out once more/"+name, func(t *testing.T) {
			s := onSockets(t, staleOnce(breaks))
			body := pingOf("480", "1")
			for range 2 {
				wantReply(t, s.ask(post{cmd: "Ping", body: body}), 200, pingSays(1))
			}
			s.wantSent(body, body, body)
			// A request is recorded when its script ends, and that of the broken connection may end after the next
			// one began: the order between connections says nothing.
			conns := map[int]int{}
			for _, r := range s.sent(3) {
				conns[r.Conn]++
			}
			if conns[1] != 2 || conns[2] != 1 {
				t.Errorf("requests by connection: %v, want two on the first and one on a fresh one", conns)
			}
			s.wantOutcomes("ping early", "ping early")
			if s.count("diastole_upstream_stale_total", "resent", "true") != 1 || s.count("diastole_upstream_errors_total") != 0 {
				t.Errorf("counted %+v and %+v", s.series("diastole_upstream_stale_total"), s.series("diastole_upstream_errors_total"))
			}
		})
	}
	t.Run("once, not twice", func(t *testing.T) {
		s := onSockets(t, lab.Answer(nothingNew))
		body := pingOf("2")
		s.ask(post{cmd: "Ping", body: body})
		s.up.SetScript(after(0, cutAfter()))
		wantReply(t, s.ask(post{cmd: "Ping", body: body}), 200, pingSays(1))
		s.wantSent(body, body, body)
		s.wantOutcomes("ping early", "ping upstream")
	})
	t.Run("not when a byte of an answer has come", func(t *testing.T) {
		s := onSockets(t, staleOnce(cutAfter("H")))
		body := pingOf("2")
		for range 2 {
			wantReply(t, s.ask(post{cmd: "Ping", body: body}), 200, pingSays(1))
		}
		s.wantSent(body, body)
	})
	t.Run("nothing but a Ping, where the server has read it", func(t *testing.T) {
		for _, p := range []post{{cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}, {cmd: "SendMail", body: []byte("mail")}} {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, staleOnce(cutAfter()))
				s.ask(post{cmd: "Ping", body: pingOf("1")})
				time.Sleep(time.Second)
				s.wantUnavailable(s.ask(p))
				s.wantSent(pingOf("1"), p.body)
			})
		}
	})
}

// The connection was fine for ten minutes: a second sending would hold the Ping
// for its whole interval once more, and the phone has long given up.
func TestScenario16LateBreakIsNoStaleConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, staleOnce(after(10*time.Minute, cutAfter())))
		first, second := pingOf("60"), pingOf("900")
		s.ask(post{cmd: "Ping", body: first})
		began := time.Now()
		wantReply(t, s.ask(post{cmd: "Ping", body: second}), 200, pingSays(1))
		if took := time.Since(began); took > 10*time.Minute+10*time.Second {
			t.Errorf("answered after %v", took)
		}
		s.wantSent(first, second)
		s.wantOutcomes("ping early", "ping upstream")
	})
}

// sogod answers as if it kept the connection, and closes it without a word.
func TestScenario16ServerThatClosesAfterEachAnswer(t *testing.T) {
	s := onSockets(t, after(0, cutAfter(nothingNew)))
	phone := s.call()
	for i := range 200 {
		p := post{cmd: "Ping", device: "d" + strconv.Itoa(i), body: pingOf("5", "1")}
		if i%2 == 1 {
			p = post{cmd: "SendMail", body: []byte("mail")}
		}
		if got := phone.ask(p); got.code != 200 {
			t.Fatalf("request %d: %+v", i, got)
		}
	}
	mails := 0
	for _, r := range s.sent(200) {
		if string(r.Body) == "mail" {
			mails++
		}
	}
	if mails != 100 {
		t.Errorf("100 mails went up as %d", mails)
	}
}
