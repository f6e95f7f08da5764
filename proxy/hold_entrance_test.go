package proxy

import (
	"bufio"
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// A phone inherits, at a new address, what it began at one that is given up: the wait
// goes on at the server, piece after piece, though the first way in drains.
func TestAWaitGoesOnAtTheServerWhenItsFirstEntranceDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, lab.Answer(document("")), func(c *Config) { c.Hold.Slice = 50 * time.Second })
		s.ask(post{cmd: "FolderSync", body: []byte("x")}) // the server accepts its password
		s.up.SetScript(after(50*time.Second, lab.Answer(nothingNew)))
		ping := post{cmd: "Ping", body: pingOf("900", "1")}
		old := s.call()
		old.send(ping.raw())
		time.Sleep(10 * time.Second)

		moved := s.through(s.proxy.Entrance())
		moved.send(ping.raw())
		wantReply(t, old.reply(), 200, pingSays(1))
		s.proxy.lobby.Drain(0)
		time.Sleep(5 * time.Minute)
		if pieces := len(s.up.Requests()) - 1; pieces != 6 {
			t.Errorf("%d pieces went up in five minutes, want 6", pieces)
		}
		s.up.SetScript(after(time.Second, lab.Answer(document(pingSays(2)))))
		wantReply(t, moved.reply(), 200, pingSays(2))
		select {
		case <-s.proxy.lobby.Drained():
		default:
			t.Error("the first way in is not empty")
		}
	})
}

// through calls by another way in.
func (s *stage) through(e *Entrance) *caller {
	front := lab.NewPipe()
	server := &http.Server{Handler: e, ConnContext: e.ConnContext, ConnState: e.ConnState}
	go server.Serve(front)
	s.Cleanup(func() { server.Close() })
	c, err := front.Dial(context.Background(), "", "")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { c.Close() })
	return &caller{Conn: c, stage: s, in: bufio.NewReader(c)}
}
