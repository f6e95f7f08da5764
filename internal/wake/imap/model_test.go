package imap

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

// truth is a server with two folders that tells of every change as Dovecot does, to
// whoever listens at that moment.
type truth struct {
	mu      sync.Mutex
	folders [2]struct{ next, modseq int } // INBOX and Sent
	changes int
	conns   []*visit
	away    bool // logins are refused for now
}

// visit is one connection to it.
type visit struct {
	conn   net.Conn
	out    chan string
	listen string // "idle", "notify"; "" not now
	idling string // the tag of the IDLE that DONE ends
	hung   bool   // nothing goes out any more
}

var names = [2]string{"INBOX", "Sent"}

// change makes a change in a folder, and tells of it.
func (s *truth) change(folder int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	f := &s.folders[folder]
	f.modseq++
	f.next += s.changes % 2 // a mail, or a flag
	for _, v := range s.conns {
		switch {
		case v.listen == "notify":
			v.say(fmt.Sprintf("* STATUS %s (MESSAGES 3 UIDNEXT %d HIGHESTMODSEQ %d)", names[folder], f.next, f.modseq))
		case v.listen == "idle" && folder == 0:
			v.say("* 3 EXISTS", fmt.Sprintf("* OK [HIGHESTMODSEQ %d] Highest", f.modseq))
		}
	}
}

func (v *visit) say(lines ...string) {
	if !v.hung {
		v.out <- strings.Join(lines, "\r\n") + "\r\n"
	}
}

func (s *truth) serve(conn net.Conn) {
	v := &visit{conn: conn, out: make(chan string, 1000)}
	s.mu.Lock()
	s.conns = append(s.conns, v)
	v.say("* OK [CAPABILITY " + everything + "] hi")
	s.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case text := <-v.out:
				_, _ = conn.Write([]byte(text))
			case <-ended:
				return
			}
		}
	}()
	in := newClient(conn, time.Hour)
	for {
		line, err := in.line()
		if err != nil {
			break
		}
		s.mu.Lock()
		s.answer(v, parse(line))
		s.mu.Unlock()
	}
	close(ended)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = slices.DeleteFunc(s.conns, func(o *visit) bool { return o == v })
}

// answer does what a command says. The state that it tells and what is told from
// then on leave no gap.
func (s *truth) answer(v *visit, r response) {
	done := r.tag + " OK done"
	switch r.kind {
	case "AUTHENTICATE":
		done = r.tag + " OK [CAPABILITY " + everything + "] in"
		if s.away {
			done = r.tag + " NO [UNAVAILABLE] later"
		}
	case "EXAMINE":
		f := s.folders[0]
		v.say("* OK [UIDVALIDITY 9] .", fmt.Sprintf("* OK [UIDNEXT %d] .", f.next), fmt.Sprintf("* OK [HIGHESTMODSEQ %d] .", f.modseq))
		v.listen = "idle" // changes are told from now on, in IDLE or before it
	case "IDLE":
		v.idling = r.tag
		v.say("+ idling")
		return
	case "NOTIFY":
		for i, f := range s.folders {
			v.say(fmt.Sprintf("* STATUS %s (MESSAGES 3 UIDNEXT %d UIDVALIDITY 9 HIGHESTMODSEQ %d)", names[i], f.next, f.modseq))
		}
		v.listen = "notify"
	case "": // DONE
		done = v.idling + " OK done"
	}
	v.say(done)
}

// Nothing is lost, whatever breaks and whenever: after each change that one waits on
// he is told, at the latest when the connection stands again. And nobody is told of
// much that was none.
func TestNoChangeIsLostWhateverBreaks(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			in(t, Config{Mode: []string{"idle", "notify"}[seed%2], Quiet: time.Minute, Patience: 10 * time.Second}, func(w *world) {
				random := rand.New(rand.NewPCG(seed, 5))
				s := &truth{}
				s.folders[0].modseq, s.folders[1].modseq = 1, 1
				w.serveTruth(s)
				covered := 1 + int(seed%2) // folders that the mode hears of
				heardAt := 0               // how many changes there had been when last told
				news, breaks := 0, 0
				watching := w.source.Watch(wake.Mailbox{User: "user", Password: "secret", Inbox: true, Mail: seed%2 == 1}, func(changed bool) {
					if changed {
						s.mu.Lock()
						heardAt, news = s.changes, news+1
						s.mu.Unlock()
					}
				})
				for range 60 {
					switch random.IntN(8) {
					case 0, 1, 2:
						s.change(random.IntN(covered))
					case 3:
						s.each(func(v *visit) { v.conn.Close() })
						breaks++
					case 4:
						s.each(func(v *visit) { v.hung = true })
						breaks++
					case 5:
						s.mu.Lock()
						s.away = !s.away
						s.mu.Unlock()
					default:
						time.Sleep(time.Duration(random.IntN(5000)) * time.Millisecond)
					}
					if random.IntN(3) > 0 {
						synctest.Wait()
					}
				}
				s.mu.Lock()
				s.away = false
				s.mu.Unlock()
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if heardAt != s.changes {
					t.Errorf("%d changes, told when there were %d", s.changes, heardAt)
				}
				if news > s.changes+1+breaks {
					t.Errorf("told %d times of %d changes, with %d breaks", news, s.changes, breaks)
				}
				if watching.Covers() == 0 {
					t.Error("nothing is covered in the end")
				}
			})
		})
	}
}

func (w *world) serveTruth(s *truth) {
	go func() {
		for conn := range w.arrivals {
			go s.serve(conn)
		}
	}()
	w.Cleanup(func() { close(w.arrivals) })
}

func (s *truth) each(do func(*visit)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.conns {
		do(v)
	}
}
