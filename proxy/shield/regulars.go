package shield

import "sync"

// Regulars are credentials that the server has taken lately. To be among them lets nobody
// in: the server is asked each time. It only keeps those who are signed in from paying for
// somebody else's guesses at the same address. All methods may be called from any goroutine.
type Regulars struct {
	mu    sync.Mutex
	taken *table[struct{}]
}

// NewRegulars remembers as many; of more the one that was heard of longest ago is forgotten.
func NewRegulars(size int) *Regulars { return &Regulars{taken: newTable[struct{}](size)} }

// Add takes in that the server has taken one.
func (r *Regulars) Add(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken.put(id, struct{}{})
}

// Remove takes in that the server has refused one; was tells whether it had taken it before.
func (r *Regulars) Remove(id ID) (was bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken.lru.Remove(id)
}

// Has tells whether the server has taken one, and not refused it since.
func (r *Regulars) Has(id ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.taken.lru.Get(id)
	return known
}

// Len is how many are remembered, and how many had to make room.
func (r *Regulars) Len() (known int, forgotten uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken.lru.Len(), r.taken.forgotten
}
