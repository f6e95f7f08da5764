package proxy

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// desk is a server that answers what does not wait at once, holds each wait until
// the test answers it, and refuses whoever has another password.
type desk struct {
	came chan *upWait

	mu        sync.Mutex
	passwords []string
	refusal   time.Duration // it takes to refuse a password
	waits     int           // that it has seen
}

func newDesk() *desk { return &desk{came: make(chan *upWait, 20_000), passwords: []string{"secret"}} }

// upWait is a wait as the server has it.
type upWait struct {
	*lab.Recorded
	world *world
	token string        // its answer is known by it
	said  string        // the body of the answer
	say   chan string   // the answer
	gone  chan struct{} // the proxy has let go of it

	hangsUp atomic.Bool // the server ends the connection after its answer
}

// refused is a server's answer to credentials that it does not know.
const refused = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"mail\"\r\nX-Token: 401\r\nContent-Length: 0\r\n\r\n"

func (d *desk) script(x *lab.Exchange) error {
	if err := x.ReadBody(); err != nil {
		return err
	}
	switch known, refusal := d.knows(x.Request); {
	case !known:
		return after(refusal, lab.Answer(refused))(x)
	case !hangs(x.Request):
		return x.Send(oneFolder)
	}
	return d.hold(x)
}

// hold leaves the connection as it was: the next request may come on it.
func (d *desk) hold(x *lab.Exchange) error {
	d.mu.Lock()
	d.waits++
	u := &upWait{Recorded: x.Request, token: fmt.Sprint("t", d.waits), say: make(chan string, 1), gone: make(chan struct{})}
	d.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		_, _ = x.Conn.Read(make([]byte, 1)) // nothing more is sent on it
		close(ended)
	}()
	d.came <- u
	select {
	case answer := <-u.say:
		_ = x.Conn.SetReadDeadline(time.Unix(1, 0))
		<-ended
		_ = x.Conn.SetReadDeadline(time.Time{})
		if err := x.Send(answer); err != nil || !u.hangsUp.Load() {
			return err
		}
		return io.EOF
	case <-ended:
		close(u.gone)
		return io.EOF
	}
}

func (d *desk) knows(r *lab.Recorded) (bool, time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	said, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Get("Authorization"), "Basic "))
	_, password, _ := strings.Cut(string(said), ":")
	return slices.Contains(d.passwords, password), d.refusal
}

// lets gives the server its passwords.
func (d *desk) lets(passwords ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.passwords = passwords
}

// userOf and deviceOf read a request that raw has made.
func userOf(r *lab.Recorded) string   { return parameter(r, "User") }
func deviceOf(r *lab.Recorded) string { return parameter(r, "DeviceId") }

func parameter(r *lab.Recorded, name string) string {
	_, value, _ := strings.Cut(r.Target, name+"=")
	value, _, _ = strings.Cut(value, "&")
	return value
}

// hangs tells whether a server holds a request.
func hangs(r *lab.Recorded) bool {
	switch parameter(r, "Cmd") {
	case "Ping":
		return true
	case "Sync":
		sync, err := eas.ParseSyncRequest(r.Body)
		return err == nil && (sync.Empty || sync.Hold() > 0)
	}
	return false
}

// up is the next wait that the server gets.
func (w *world) up() *upWait {
	w.Helper()
	select {
	case u := <-w.came:
		u.world = w
		return u
	case <-time.After(w.patience()):
		w.Fatal("no wait went up")
		return nil
	}
}

// saw: this many waits have reached the server, no more.
func (w *world) saw(n int) {
	w.Helper()
	if w.bubble {
		synctest.Wait()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waits != n {
		w.Errorf("the server saw %d waits, want %d", w.waits, n)
	}
}

// says lets the server answer with a document; "" is a Sync's "nothing is new".
func (u *upWait) says(body string) {
	u.said = body
	u.say <- fmt.Sprintf("%sX-Token: %s\r\nContent-Length: %d\r\n\r\n%s", docHead, u.token, len(body), body)
}

// brings lets the server answer that there is something new.
func (u *upWait) brings() {
	if parameter(u.Recorded, "Cmd") == "Sync" {
		u.says(bodyOf(oneFolder))
		return
	}
	u.says(string(eas.PingResponse{Status: eas.PingChanges, Folders: []string{"1"}}.Append(nil)))
}

// isCancelled: the proxy lets go of it, in a bubble at once.
func (u *upWait) isCancelled() {
	u.world.Helper()
	began := time.Now()
	select {
	case <-u.gone:
		if took := time.Since(began); u.world.bubble && took > atOnce {
			u.world.Errorf("wait %s was let go %v later, want at once", u.token, took)
		}
	case <-time.After(u.world.patience()):
		u.world.Errorf("wait %s is still held", u.token)
	}
}

// isHeld: the proxy has not let go of it; on sockets its answer will tell.
func (u *upWait) isHeld() {
	u.world.Helper()
	if u.world.bubble {
		synctest.Wait()
	}
	select {
	case <-u.gone:
		u.world.Errorf("wait %s was let go", u.token)
	default:
	}
}
