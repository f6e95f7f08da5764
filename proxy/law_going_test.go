package proxy

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/internal/lab"
)

// untilLetGo holds a request until the proxy closes the connection, and says so.
func untilLetGo(came, gone chan struct{}) lab.Script {
	return func(x *lab.Exchange) error {
		if err := x.ReadBody(); err != nil {
			return err
		}
		came <- struct{}{}
		_, err := x.Conn.Read(make([]byte, 1)) // nothing more is sent on it
		gone <- struct{}{}
		return err
	}
}

func TestLawTheDeviceGoingAwayIsData(t *testing.T) {
	ping, sync := post{cmd: "Ping", body: pingOf("480", "1")}, post{cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}
	fin := func(c net.Conn) { c.Close() }
	half := func(c net.Conn) { c.(*net.TCPConn).CloseWrite() }
	reset := func(c net.Conn) {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	for name, c := range map[string]struct {
		p       post
		leave   func(net.Conn)
		outcome string
	}{
		"Ping, FIN":        {ping, fin, "ping left"},
		"Ping, half-close": {ping, half, "ping left"},
		"Ping, RST":        {ping, reset, "ping reset"},
		"Sync, FIN":        {sync, fin, "sync left"},
		"Sync, RST":        {sync, reset, "sync reset"},
		"large Ping, FIN":  {post{cmd: "Ping", body: manyFolders(5000)}, fin, "ping left"},
	} {
		t.Run(name, func(t *testing.T) {
			came, gone := make(chan struct{}, 1), make(chan struct{}, 1)
			s := onSockets(t, untilLetGo(came, gone))
			phone := s.call()
			phone.send(c.p.raw())
			<-came
			c.leave(phone.Conn)
			<-gone // the server is let go
			s.settled()
			s.wantOutcomes(c.outcome)
			s.wantNobodyBlamed()
			s.wantUnread(map[string][]string{"large Ping, FIN": {"ping too-large"}}[name]...)
			if n := s.count("diastole_clients_left_total"); n != 0 {
				t.Errorf("it is counted %v times among those that do not wait", n)
			}
			for _, e := range s.log.FilterMessage("wait ends").All() {
				if e.Level != zapcore.DebugLevel {
					t.Errorf("its end is logged at %s", e.Level)
				}
			}
		})
	}
}

// wantNobodyBlamed: a client left, and nothing else has happened.
func (s *stage) wantNobodyBlamed() {
	s.Helper()
	for _, name := range []string{"diastole_upstream_errors_total", "diastole_upstream_stale_total", "diastole_malformed_bodies_total"} {
		if n := s.count(name); n != 0 {
			s.Errorf("%s is %v", name, n)
		}
	}
	if s.proxy.memory.Len() != 0 {
		s.Errorf("remembered: %+v", s.last(dev1))
	}
	s.wantQuiet()
	for _, e := range s.log.All() {
		if e.Message == "request" { // as each request has one; that it was cut is all it says
			continue
		}
		if e.Level > zapcore.DebugLevel && e.Message != "wait begins" {
			s.Errorf("logged above debug: %s", e.Message)
		}
	}
}

func TestLawTheDeviceGoingAwayIsDataElsewhereToo(t *testing.T) {
	came, gone := make(chan struct{}, 1), make(chan struct{}, 1)
	t.Run("a request that does not wait", func(t *testing.T) {
		s := onSockets(t, untilLetGo(came, gone))
		phone := s.call()
		phone.send(post{cmd: "Search", body: []byte("x")}.raw())
		<-came
		phone.Close()
		<-gone
		s.settled()
		if n := s.count("diastole_clients_left_total"); n != 1 {
			t.Errorf("%v clients have left", n)
		}
		s.wantUnread()
		s.wantNobodyBlamed()
	})
	t.Run("in the middle of an answer that has paused", func(t *testing.T) {
		s := onSockets(t, func(x *lab.Exchange) error {
			if err := x.Send(docHead + "Transfer-Encoding: chunked\r\n\r\n" + lab.Chunk("half")); err != nil {
				return err
			}
			return untilLetGo(came, gone)(x)
		})
		phone := s.call()
		phone.send(post{cmd: "Search", body: []byte("x")}.raw())
		<-came
		if _, err := io.ReadFull(phone, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		phone.Close()
		<-gone
		s.settled()
		s.wantUnread()
		s.wantNobodyBlamed()
	})
	t.Run("in the middle of an answer", func(t *testing.T) {
		// Far more than all buffers on the way: the server cannot finish.
		s := onSockets(t, func(x *lab.Exchange) error {
			if err := x.ReadBody(); err != nil {
				return err
			}
			err := x.Send(docHead, "Transfer-Encoding: chunked\r\n\r\n")
			for chunk := lab.Chunk(strings.Repeat("\x00", 64<<10)); err == nil; {
				err = x.Send(chunk)
			}
			gone <- struct{}{}
			return io.EOF
		})
		phone := s.call()
		phone.send(post{cmd: "Sync", body: largeSync(100)}.raw())
		if _, err := io.ReadFull(phone, make([]byte, 100<<10)); err != nil {
			t.Fatal(err)
		}
		phone.Close()
		<-gone
		s.settled()
		s.wantUnread()
		s.wantNobodyBlamed()
	})
	t.Run("in the middle of its own request", func(t *testing.T) {
		for name, p := range map[string]post{
			"Ping":       {cmd: "Ping", body: pingOf("480", "1")},
			"large Ping": {cmd: "Ping", body: manyFolders(20_000)},
			"Sync":       {cmd: "Sync", body: largeSync(200 << 10)},
			"mail":       {cmd: "SendMail", body: make([]byte, 200<<10)},
		} {
			t.Run(name, func(t *testing.T) {
				s := onSockets(t, lab.Answer(nothingNew))
				phone := s.call()
				raw := p.raw()
				phone.send(raw[:len(raw)-9])
				phone.Close()
				// Which of the three is a matter of who notices first.
				waitFor(t, func() bool {
					return s.count("diastole_malformed_bodies_total")+s.count("diastole_clients_left_total")+s.count("diastole_waits_total", "outcome", "left") > 0
				})
				s.settled()
				if n := s.count("diastole_upstream_errors_total"); n != 0 {
					t.Errorf("the server is blamed for it: %v", n)
				}
				if n := s.count("diastole_waits_total", "outcome", "upstream"); n != 0 {
					t.Errorf("counted as %+v", s.series("diastole_waits_total"))
				}
				s.wantUnread(map[string][]string{"large Ping": {"ping too-large"}}[name]...)
				s.wantQuiet()
			})
		}
	})
}

// waitFor waits for something that has no event of its own.
func waitFor(t *testing.T, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("it never happened")
		}
	}
}
