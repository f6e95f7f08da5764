package proxy

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// beside is what the proxy says to the other nodes, and what they know.
type beside struct {
	mu       sync.Mutex
	held     []string // what it said that it holds
	fresh    []bool   // of each device that arrived
	doubtful bool
}

func (b *beside) set(c *Config) {
	c.Nodes = Nodes{Arrives: b.arrives, Holds: b.holds, Secret: [32]byte{1}}
}

func (b *beside) arrives(_ watch.Device, fresh bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fresh = append(b.fresh, fresh)
	return b.doubtful
}

func (b *beside) holds(d watch.Device, accepted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = append(b.held, fmt.Sprint(d.ID, " ", accepted))
}

func (b *beside) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.held)
}

func TestAWaitOfADeviceThatIsElsewhereNowEndsWithNothingNewAndLeavesTheServer(t *testing.T) {
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		h := w.asks(wants{})
		up := w.up()
		w.proxy.Taken(watch.Device{Principal: "anna", ID: "another"})
		h.hearsNothing(time.Minute)
		devices := w.devices()
		if len(devices) != 1 {
			t.Fatalf("waits of %v", devices)
		}
		w.proxy.Taken(devices[0])
		h.released()
		up.isCancelled()
	})
}

// devices are those that wait.
func (w *world) devices() (waiting []watch.Device) {
	for _, held := range w.waiting() {
		waiting = append(waiting, held.device)
	}
	return waiting
}

func (w *world) waiting() (waits []*wait) {
	for _, e := range w.proxy.ways() {
		e.mu.Lock()
		waits = slices.AppendSeq(waits, maps.Keys(e.waits))
		e.mu.Unlock()
	}
	return waits
}

// Before the server has said that it knows the credentials, nobody's waits elsewhere may
// end for them.
func TestOnlyWhatTheServerHasAcceptedIsTold(t *testing.T) {
	var b beside
	inABubble(t, func(w *world) {
		h := w.asks(wants{})
		up := w.up()
		if said := b.said(); len(said) > 0 {
			t.Errorf("of a stranger it said %v", said)
		}
		up.brings()
		h.gets(up)
		w.command(wants{cmd: "SendMail"})
		before := len(b.said())
		w.asks(wants{})
		w.up()
		if said := b.said(); len(said) != before+1 || said[before] != "dev1 false" {
			t.Errorf("of a wait of a known device it said %v", said[before:])
		}
	}, b.set)
}

// A node that could ask nobody has taken a device for a stranger.
func TestAStrangersWaitIsTheDevicesOnceAnotherNodeVouchesForItsCredentials(t *testing.T) {
	var b beside
	inABubble(t, func(w *world) {
		h := w.asks(wants{})
		w.up()
		d := w.devices()[0]
		w.proxy.Vouch(d, watch.Credentials{1, 2, 3})
		if said := b.said(); len(said) > 0 {
			t.Errorf("of a stranger with other credentials it said %v", said)
		}
		w.proxy.Vouch(d, watch.Credentials(w.waiting()[0].credentials))
		if said := b.said(); !slices.Equal(said, []string{"dev1 true"}) {
			t.Errorf("it said %v", said)
		}
		h.hearsNothing(time.Minute)
	}, b.set)
}

func TestAnAcceptedPasswordIsTold(t *testing.T) {
	var b beside
	inABubble(t, func(w *world) {
		w.command(wants{cmd: "Sync"})
		w.command(wants{cmd: "Sync"})
		if said := b.said(); !slices.Equal(said, []string{"dev1 true", "dev1 false"}) {
			t.Errorf("it said %v", said)
		}
		if !slices.Equal(b.fresh, []bool{true, true}) && !slices.Equal(b.fresh, []bool{true, false}) {
			t.Errorf("fresh: %v", b.fresh)
		}
	}, b.set)
}

// A device that may have asked for other folders elsewhere is asked to name them.
func TestADoubtfulDeviceIsAskedInFull(t *testing.T) {
	var b beside
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret", func(c *lab.PhoneConfig) { c.EmptyPing = true }).live()
		w.passes(20 * time.Minute)
		if slices.Contains(anna.saw(), int(eas.PingMissingParameters)) {
			t.Fatalf("without a doubt: %v", anna.saw())
		}
		b.mu.Lock()
		b.doubtful = true
		b.mu.Unlock()
		w.passes(40 * time.Minute)
		if got := anna.saw(); !slices.Contains(got, int(eas.PingMissingParameters)) {
			t.Errorf("its waits were answered %v, want a Status 3 among them", got)
		}
		w.deliver("anna")
		w.bell.ring("anna")
		w.passes(time.Second)
		if anna.got() != 1 {
			t.Errorf("%d mails came, want one", anna.got())
		}
	}, b.set)
}
