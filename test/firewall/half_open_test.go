//go:build linux

package firewall

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/test/netns"
)

const (
	longAsked = 50 * time.Second
	// What a wait of less than half a minute says is not learned at all, so that the
	// lost connection has to be older to show that nothing false is learned of it.
	lostAfter = 32 * time.Second
	// Time enough to say something to the old connection, and more than the second
	// below which nobody asks whether the answer on the new one has arrived.
	moment = 2 * time.Second
	// After half a minute an answer that nobody has acknowledged is called lost.
	unproven = 40 * time.Second
)

// A walker is a phone whose connections can be told one from another.
type walker struct {
	*lab.Phone
	*edge
	ended chan lab.Wait
	mu    sync.Mutex
	from  netip.Addr
	last  netip.AddrPort // its end of the connection that it opened last
}

func (e *edge) walker(from string) *walker {
	w := &walker{edge: e, from: netip.MustParseAddr(from), ended: make(chan lab.Wait, 16)}
	w.Phone = lab.NewPhone(lab.PhoneConfig{URL: "https://" + e.phones, User: "anna", Password: "secret", DeviceID: "walker",
		Ladder: lab.Fixed(longAsked), Dial: w.dial, TLS: &tls.Config{InsecureSkipVerify: true},
		OnWait:  func(l lab.Wait) { w.ended <- l },
		OnError: func(err error) { e.Errorf("the phone: %v", err) }})
	return w
}

func (w *walker) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	conn, err := w.world.Phones.DialFrom(ctx, w.from, network, address)
	if err == nil {
		w.last = conn.LocalAddr().(*net.TCPAddr).AddrPort()
	}
	return conn, err
}

// waits lets the phone live until leave, and returns when diastole holds its wait.
// leave closes its connections.
func (w *walker) waits() (leave func()) {
	w.Helper()
	ctx, stop := context.WithCancel(w.ctx)
	over := make(chan struct{})
	go func() { defer close(over); _ = w.Run(ctx) }()
	select {
	case <-w.begun:
	case got := <-w.ended:
		w.Errorf("no wait is held: %+v", got)
	case <-time.After(time.Minute):
		w.Error("no wait is held after a minute")
	}
	return func() { stop(); <-over }
}

// comesBack is what the rest of this file is about: a phone waits, its connection is
// lost on the way without a word to the server, not even the phone's FIN, and it asks
// the same from another connection. It returns a moment after diastole holds that.
func comesBack(t *testing.T, to string) (*walker, func()) {
	t.Helper()
	w := startEdge(t, netns.New(t, 0), "learn: enforce").walker(netns.PhoneAddress)
	leave := w.waits()
	time.Sleep(lostAfter)
	w.world.Lose(t, w.last)
	leave()
	w.from = netip.MustParseAddr(to)
	leave = w.waits()
	time.Sleep(moment)
	return w, leave
}

// isAnswered wants the wait to be woken by a mail, from one and the same Ping.
func (w *walker) isAnswered() {
	w.Helper()
	if asked, held := w.pings.Load(), w.server.Held(); asked != 1 || held != 1 {
		w.Errorf("the server was asked %d Pings and holds %d, want the one that it had from the start", asked, held)
	}
	if _, err := w.server.Deliver("anna", "", lab.Mail{From: "x@elsewhere.test", Subject: "news"}); err != nil {
		w.Fatal(err)
	}
	select {
	case got := <-w.ended:
		if got.Event != lab.Changed || got.Status != 2 {
			w.Errorf("the new connection got %v, Status %d, %v; want the news", got.Event, got.Status, got.Err)
		}
	case <-time.After(longAsked):
		w.Error("the new connection got no answer")
	}
}

// outcomes says how the waits have ended so far.
func (e *edge) outcomes() map[string]float64 {
	e.Helper()
	ended := map[string]float64{}
	for _, outcome := range []string{"expired", "changed", "early", "refused", "left", "reset", "silent", "upstream", "drained"} {
		if n := e.metric("diastole_waits_total", fmt.Sprintf(`kind="ping",outcome=%q`, outcome)); n > 0 {
			ended[outcome] = n
		}
	}
	return ended
}

func TestAPhoneThatLostItsConnectionAndComesBackFromAbroadIsHandedItsWait(t *testing.T) {
	t.Parallel()
	w, leave := comesBack(t, netns.PhoneAbroad)
	defer leave()
	// To a radio that sleeps elsewhere, or to somebody else who has the address now, a
	// farewell is noise.
	if n := w.world.SaidInVain(t); n != 0 {
		t.Errorf("%d packets went to the phone on the connection that it has left", n)
	}
	w.isAnswered()
	<-w.begun // it asks on: its answer has arrived
	w.judged("confirmed", 1)
	if got := w.outcomes(); len(got) != 2 || got["silent"] != 1 || got["changed"] != 1 {
		t.Errorf("the waits ended %v, want one silent and one changed", got)
	}
	// Nobody died: the phone went abroad. And nothing was survived: the new connection
	// was silent for a moment only, however old the server's side of it is.
	networks := w.networks()
	if len(networks) != 2 {
		t.Fatalf("%+v; want home and abroad", networks)
	}
	for _, n := range networks {
		if n.Died != 0 || n.Devices != 0 || n.Survived != 0 || n.Kept != 0 {
			t.Errorf("learned of a network: %+v", n)
		}
	}
	if lost := w.deliveries("lost"); lost != 0 {
		t.Errorf("%d answers are called lost", lost)
	}
}

func TestAPhoneThatLostItsConnectionAndComesBackFromTheSameAddressIsHandedItsWait(t *testing.T) {
	t.Parallel()
	w, leave := comesBack(t, netns.PhoneAddress)
	defer leave()
	w.isAnswered()
	if got := w.outcomes(); got["changed"] != 1 || got["silent"]+got["early"] != 1 {
		t.Errorf("the waits ended %v, want one changed, and the one before it silent or, if it was told so, early", got)
	}
	t.Logf("the waits ended %v, and %d packets went to the connection that was lost", w.outcomes(), w.world.SaidInVain(t))
	// Whatever was said to the old connection did not arrive, and that is no death: the
	// phone had another one already when it was said.
	time.Sleep(unproven)
	if n := w.network(); n.Died != 0 || n.Devices != 0 || n.Survived != 0 {
		t.Errorf("learned of the network: %+v", n)
	}
}
