package proxy

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

const docHead = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.ms-sync.wbxml\r\n"

// breaks are the ways in which a server leaves a request alone, each after a
// minute, and how far it had come then.
var breaks = []struct {
	name, phase string
	script      lab.Script
}{
	{"without a byte", "await", cutAfter()},
	{"with RST", "await", func(x *lab.Exchange) error { x.Reset(); return io.EOF }},
	{"in the status line", "head", cutAfter("HTTP/1.1 20")},
	{"in the head", "head", cutAfter(docHead)},
	{"after the head", "body", cutAfter(docHead + "Content-Length: 13\r\n\r\n")},
	{"in the body", "body", cutAfter(docHead + "Content-Length: 13\r\n\r\n" + "\x03\x01\x6a")},
	{"in a chunk", "body", cutAfter(docHead + "Transfer-Encoding: chunked\r\n\r\nd\r\n\x03\x01\x6a")},
	{"before the last chunk", "body", cutAfter(docHead + "Transfer-Encoding: chunked\r\n\r\n" + lab.Chunk("\x03\x01\x6a"))},
	{"after a 102", "head", cutAfter("HTTP/1.1 102 Processing\r\n\r\n")},
	{"with what is no HTTP", "head", cutAfter("-ERR going down\r\n\r\n")},
	{"with a 101 that nobody asked for", "head", cutAfter("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")},
}

func cutAfter(parts ...string) lab.Script {
	return func(x *lab.Exchange) error {
		if err := x.Send(parts...); err != nil {
			return err
		}
		return io.EOF
	}
}

func TestScenario15UpstreamBreaksOff(t *testing.T) {
	for _, b := range breaks {
		t.Run("Ping/"+b.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, after(time.Minute, b.script))
				began := time.Now()
				got := s.ask(post{cmd: "Ping", body: pingOf("900", "1")})
				wantReply(t, got, 200, pingSays(1))
				if took := time.Since(began); took < time.Minute || took > 70*time.Second {
					t.Errorf("answered after %v, want up to 10 s after the break", took)
				}
				if length := got.header.Get("Content-Length"); length != strconv.Itoa(len(got.body)) {
					t.Errorf("Content-Length %q", length)
				}
				s.wantBroken("ping upstream", b.phase)
			})
		})
		t.Run("Sync/"+b.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, after(time.Minute, b.script))
				s.wantUnavailable(s.ask(post{cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}))
				s.wantBroken("sync upstream", b.phase)
			})
		})
	}
}

// wantBroken: one wait ended so, one error was counted, nothing went up twice.
func (s *stage) wantBroken(outcome, phase string) {
	s.Helper()
	s.settled()
	s.wantOutcomes(outcome)
	if s.count("diastole_upstream_errors_total") != 1 || s.count("diastole_upstream_errors_total", "phase", phase) != 1 {
		s.Errorf("counted %+v, want one error in phase %s", s.series("diastole_upstream_errors_total"), phase)
	}
	if n := len(s.sent(1)); n != 1 {
		s.Errorf("%d requests went up", n)
	}
	if s.proxy.memory.Len() != 0 {
		s.Errorf("remembered: %+v", s.last(dev1))
	}
	s.wantUnread()
	s.wantQuiet()
}

func (s *stage) wantUnavailable(got reply) {
	s.Helper()
	wantReply(s.T, got, 503, "")
	if n, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || n < 20 || n > 60 {
		s.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
}

func TestScenario15TheStatus1AfterABreak(t *testing.T) {
	t.Run("is spread, or all phones ask the dying server in a circle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			const phones = 100
			s := inMemory(t, after(time.Minute, cutAfter()))
			broken := time.Now().Add(time.Minute)
			took := make(chan time.Duration, phones)
			for i := range phones {
				phone := s.call()
				phone.send(post{cmd: "Ping", device: "d" + strconv.Itoa(i), body: pingOf("900", "1")}.raw())
				go func() {
					phone.reply()
					took <- time.Since(broken)
				}()
			}
			second := map[int]int{}
			for range phones {
				second[int((<-took).Seconds())]++
			}
			if len(second) < 8 {
				t.Errorf("answers in each second after the break: %v, want them over ten", second)
			}
		})
	})
	t.Run("comes before the interval is over", func(t *testing.T) {
		for _, interval := range []int{60, 61, 62, 65} {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, after(time.Minute, cutAfter()))
				began := time.Now()
				wantReply(t, s.ask(post{cmd: "Ping", body: pingOf(strconv.Itoa(interval))}), 200, pingSays(1))
				if took := time.Since(began); took > time.Duration(interval)*time.Second {
					t.Errorf("asked for %d s, answered after %v", interval, took)
				}
			})
		}
	})
	t.Run("is not waited for when the phone has gone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := inMemory(t, cutAfter())
			began := time.Now()
			phone := s.call()
			phone.send(post{cmd: "Ping", body: pingOf("900")}.raw())
			s.sent(1)
			phone.Close()
			s.settled()
			if took := time.Since(began); took != 0 {
				t.Errorf("the handler stayed for %v", took)
			}
		})
	})
	t.Run("is not waited for when we leave", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := inMemory(t, cutAfter())
			began := time.Now()
			phone := s.call()
			phone.send(post{cmd: "Ping", body: pingOf("900")}.raw())
			s.sent(1)
			synctest.Wait()
			s.proxy.Drain(0)
			wantReply(t, phone.reply(), 200, pingSays(1))
			if took := time.Since(began); took > time.Millisecond {
				t.Errorf("answered after %v", took)
			}
		})
	})
	t.Run("never stands for a refusal that was cut", func(t *testing.T) {
		for _, head := range []string{"401 Unauthorized", "403 Forbidden", "449 Retry After Provision", "500 Internal Server Error", "200 OK"} {
			s := onSockets(t, cutAfter("HTTP/1.1 "+head+"\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<html>"))
			got := s.ask(post{cmd: "Ping", body: pingOf("900")})
			if want, _ := strconv.Atoi(head[:3]); got.code != want || got.body != "<html>" || !got.cut {
				t.Errorf("%s: the phone got %+v", head, got)
			}
		}
	})
}

func TestScenario15UpstreamIsNotThere(t *testing.T) {
	dead := func(_ context.Context, _, _ string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	mute := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){"refused": dead, "silence": mute} {
		for _, p := range []post{{cmd: "Ping", body: pingOf("900")}, {cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}, {cmd: "FolderSync", body: []byte("x")}} {
			t.Run(name+"/"+p.cmd, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := inMemory(t, cutAfter(), func(c *Config) { c.Dial = dial })
					began := time.Now()
					s.wantUnavailable(s.ask(p))
					if took := time.Since(began); took > 10*time.Second {
						t.Errorf("answered after %v", took)
					}
					if n := s.count("diastole_upstream_errors_total", "phase", "dial"); n != 1 {
						t.Errorf("%v dial errors are counted", n)
					}
					s.wantQuiet()
				})
			})
		}
	}
	t.Run("elsewhere it is an ordinary gateway's answer", func(t *testing.T) {
		s := onSockets(t, cutAfter())
		phone := s.call()
		phone.send("GET /owa/ HTTP/1.1\r\nHost: h\r\n\r\n")
		if got := phone.reply(); got.code != 502 || !strings.Contains(got.body, "mail server") {
			t.Errorf("got %+v", got)
		}
	})
}
