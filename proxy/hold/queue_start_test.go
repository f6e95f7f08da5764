package hold

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
	"weak"
)

func TestWhoLeavesStartsTheNextInsideLeave(t *testing.T) {
	l := newLine(QueueConfig{Max: 1})
	first := l.enter("a1")
	l.enter("a2")
	first.Leave()
	if len(l.started) != 2 {
		t.Errorf("started %q when Leave returned", l.started)
	}
}

func TestAPlaceThatIsUpDoesNotKeepWhatItsStartHeld(t *testing.T) {
	q := NewQueue(QueueConfig{})
	enter := func() (*Place, weak.Pointer[[600]byte]) {
		request := new([600]byte)
		return q.Enter("a", func() { request[0]++ }), weak.Make(request)
	}
	p, held := enter()
	runtime.GC()
	if held.Value() != nil {
		t.Error("it is kept")
	}
	p.Leave()
}

func TestStartMayLeaveAndEnter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(QueueConfig{Max: 1})
		var inner, outer *Place
		first := l.enter("a1")
		outer = l.Enter("a", func() {
			inner = l.enter("a2")
			outer.Leave()
		})
		l.want(t, "a1")
		first.Leave()
		l.want(t, "a1", "a2")
		l.wantLen(t, 1, 0)
		inner.Leave()
		l.wantLen(t, 0, 0)
	})
}

// An upstream that refuses connections fails every start at once. Were each failure
// to start the next one inside itself, the stack would be as deep as the queue.
func TestStartsThatFailOneAfterAnotherDoNotNest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue(QueueConfig{Max: 1})
		first := q.Enter("first", func() {})
		const failing = 2000
		var failed, deepest int
		for i := range failing {
			var p *Place
			p = q.Enter(fmt.Sprint(i%7), func() {
				failed++
				deepest = max(deepest, runtime.Callers(0, make([]uintptr, 1000)))
				p.Leave()
			})
		}
		first.Leave()
		synctest.Wait()
		if up, waiting := q.Len(); failed != failing || up+waiting > 0 {
			t.Errorf("%d of %d failed, %d are up, %d wait", failed, failing, up, waiting)
		}
		if deepest > 20 {
			t.Errorf("the stack was %d calls deep", deepest)
		}
	})
}

func TestAStartThatHangsHoldsUpNobody(t *testing.T) {
	for _, later := range []QueueConfig{{Max: 4}, {Max: 4, Pace: 1}} {
		synctest.Test(t, func(t *testing.T) {
			l := newLine(QueueConfig{Max: 1})
			l.enter("a1")
			hang := make(chan struct{})
			l.Enter("a", func() { <-hang })
			l.enter("a2")
			l.enter("a3")
			go l.Configure(later)
			time.Sleep(10 * time.Second)
			l.wantLen(t, 4, 0)
			slices.Sort(l.started) // those that need not wait for the pace start at the same time
			l.want(t, "a1", "a2", "a3")
			close(hang)
		})
	}
}
