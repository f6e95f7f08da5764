package hold

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A line is a queue and the names of those who started, in order.
type line struct {
	*Queue
	mu      sync.Mutex
	started []string
}

func newLine(c QueueConfig) *line { return &line{Queue: NewQueue(c)} }

// enter takes a place whose name begins with its owner's: "a1" is a's.
func (l *line) enter(name string) *Place {
	return l.Enter(name[:1], func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.started = append(l.started, name)
	})
}

func (l *line) want(t *testing.T, names ...string) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.started, names) {
		t.Errorf("started %q, want %q", l.started, names)
	}
}

func (l *line) wantLen(t *testing.T, up, waiting int) {
	t.Helper()
	synctest.Wait()
	if u, w := l.Len(); u != up || w != waiting {
		t.Errorf("%d up and %d waiting, want %d and %d", u, w, up, waiting)
	}
}

func TestWhereThereIsRoomStartIsCalledInsideEnter(t *testing.T) {
	for _, c := range []QueueConfig{{}, {Max: 1}, {Pace: 1}, {Max: -1, Pace: -1}} {
		l := newLine(c)
		l.enter("a1")
		if len(l.started) != 1 {
			t.Errorf("%+v: Enter returned before the start", c)
		}
	}
}

func TestOwnersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(QueueConfig{Max: 1})
		places := map[string]*Place{}
		for _, name := range []string{"a1", "a2", "a3", "a4", "b1", "b2", "c1"} {
			places[name] = l.enter(name)
		}
		l.wantLen(t, 1, 6)
		places["a3"].Leave() // gives up its place in the queue, and nobody starts for it
		l.want(t, "a1")
		order := []string{"a1", "a2", "b1", "c1", "a4", "b2"}
		for i, name := range order {
			l.want(t, order[:i+1]...)
			places[name].Leave()
			places[name].Leave()
		}
		l.want(t, order...)
		l.wantLen(t, 0, 0)
	})
}

func TestThePaceAllowsASecondsWorthAtOnceAndTheOthersOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(QueueConfig{Pace: 10})
		time.Sleep(time.Hour) // a long idle time saves up no more than a second's worth
		for i := range 30 {
			l.enter(fmt.Sprint("a", i))
		}
		for waiting := 20; waiting > 0; waiting-- {
			l.wantLen(t, 30-waiting, waiting)
			time.Sleep(100*time.Millisecond - time.Nanosecond)
			l.wantLen(t, 30-waiting, waiting)
			time.Sleep(time.Nanosecond)
		}
		l.wantLen(t, 30, 0)
	})
}

func TestConfigureHoldsForThoseWhoWaitAndTouchesNobodyWhoIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(QueueConfig{Max: 3})
		var places []*Place
		for i := range 8 {
			places = append(places, l.enter(fmt.Sprint("a", i)))
		}
		l.wantLen(t, 3, 5)
		l.Configure(QueueConfig{Max: 2})
		l.wantLen(t, 3, 5)
		places[0].Leave()
		l.wantLen(t, 2, 5)
		places[1].Leave()
		l.wantLen(t, 2, 4)
		l.Configure(QueueConfig{Max: 4})
		l.wantLen(t, 4, 2)
		l.Configure(QueueConfig{})
		l.wantLen(t, 6, 0)
		slices.Sort(l.started) // what Configure lets go starts at the same time
		l.want(t, "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7")
	})
}

func TestALowerPaceBeginsWithoutASecondBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(QueueConfig{Pace: 100})
		for i := range 105 {
			l.enter(fmt.Sprint("a", i))
		}
		l.wantLen(t, 100, 5)
		l.Configure(QueueConfig{Pace: 1}) // what is owed at the pace of 100 is owed: a second
		l.wantLen(t, 100, 5)
		time.Sleep(time.Second)
		l.wantLen(t, 101, 4)
		time.Sleep(4 * time.Second)
		l.wantLen(t, 105, 0)
	})
}
