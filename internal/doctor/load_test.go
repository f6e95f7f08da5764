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
		if r.Load == nil || r.Load.SlowAt != 10 || r.Advice.MaxWaits != 7 || r.Advice.MaxChecks != 5 {
			t.Errorf("got %+v, %+v", r.Load, r.Advice)
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
