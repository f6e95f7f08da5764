package imap

import "github.com/diastole/diastole/internal/wake"

// watching is one who waits on an account.
type watching struct {
	account *account
	waits   wake.Classes
	heard   func(changed bool)
}

// Covers implements wake.Watching.
func (w *watching) Covers() wake.Classes {
	s := w.account.source
	s.mu.Lock()
	defer s.mu.Unlock()
	return w.account.covers
}

// Leave implements wake.Watching.
func (w *watching) Leave() {
	s := w.account.source
	s.mu.Lock()
	defer s.mu.Unlock()
	w.account.leave(w)
}

// tell calls those who wait on one of the classes. It must not be called with mu
// held: what is called may ask what is covered.
func (a *account) tell(classes wake.Classes, changed bool) {
	var calls []func(bool)
	a.source.mu.Lock()
	for w := range a.watchers {
		if w.waits&classes != 0 {
			calls = append(calls, w.heard)
		}
	}
	a.source.mu.Unlock()
	for _, heard := range calls {
		heard(changed)
	}
}
