package doctor

import (
	"net/http"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// pool is a server with so many workers: what comes beyond them waits for one.
func pool(workers int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		free := make(chan struct{}, workers) // in the bubble
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			free <- struct{}{}
			defer func() { <-free }()
			next.ServeHTTP(w, r)
		})
	}
}

func TestTheNumberOfWorkersIsFoundOnlyWhenItIsAskedFor(t *testing.T) {
	inWorld(t, short(), nil, func(w *world) {
		if r := w.look(Config{}); r.Load != nil {
			t.Errorf("got %+v", r.Load)
		}
	})
	inWorld(t, lab.ServerConfig{MinHeartbeat: time.Second}, pool(10), func(w *world) {
		r := w.look(Config{Load: 16, Address: w.server.Address("anna")})
		if r.Load == nil || r.Load.SlowAt != 10 || r.Advice.MaxWaits != 7 || r.Advice.MaxChecks != 0 {
			t.Errorf("got %+v, %+v", r.Load, r.Advice)
		}
	})
}

// At the edge waits that are handed over and questions must fit in together.
func TestWorkersAreLeftForWhatDoesNotWait(t *testing.T) {
	around := func(h http.Handler) http.Handler { return pool(10)(with("X-Z-Push-Version", "2.7.1")(h)) }
	inWorld(t, lab.ServerConfig{MinHeartbeat: time.Second}, around, func(w *world) {
		a := w.look(Config{Load: 16, Address: w.server.Address("anna")}).Advice
		if a.Hold != "edge" || a.MaxWaits != 4 || a.MaxChecks != 4 {
			t.Errorf("got %+v", a)
		}
	})
}

func TestAServerThatHoldsThemAllIsNotSlow(t *testing.T) {
	inWorld(t, short(), nil, func(w *world) {
		r := w.look(Config{Load: 1000})
		if r.Load.Tried != MostLoad || r.Load.SlowAt != 0 || r.Advice.MaxWaits != 0 {
			t.Errorf("got %+v", r.Load)
		}
	})
}
