package shield

import (
	"math"
	"sync"
	"time"
)

// Rates allows each one who asks so many times in so long: a bucket for everybody, full
// in the beginning. All methods may be called from any goroutine.
type Rates struct {
	most float64
	per  time.Duration

	mu      sync.Mutex
	buckets *table[bucket]
}

type bucket struct {
	left float64 // below 0: what was taken beyond it
	at   time.Time
	told time.Time // when the caller was last told that it is empty
}

// deepest is how far below nothing a bucket goes, in times of its content: whoever sends
// a thousand at once, before the first is found wrong, makes up for it afterwards, and an
// address is not shut out for days.
const deepest = 10

// NewRates allows `most` times in `per`, to each of as many who are remembered; both are
// above 0.
func NewRates(most int, per time.Duration, size int) *Rates {
	return &Rates{most: float64(most), per: per, buckets: newTable[bucket](size)}
}

// bucketOf is a bucket now. The clock of whoever calls may stand still, not run backwards.
func (r *Rates) bucketOf(now time.Time, id ID) bucket {
	b, known := r.buckets.lru.Get(id)
	if !known {
		return bucket{left: r.most, at: now}
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(b.left+r.most*passed.Seconds()/r.per.Seconds(), r.most)
		b.at = now
	}
	return b
}

// until is when there is one to take again, in whole seconds and at least one: that is
// what Retry-After can say (RFC 9110 10.2.3).
func (r *Rates) until(b bucket) time.Duration {
	seconds := (1 - b.left) * r.per.Seconds() / r.most
	// A billionth less: what has flowed in is a sum of fractions.
	return max(time.Duration(math.Ceil(seconds-1e-9))*time.Second, time.Second)
}

// one is how near to one a bucket must be: fractions that are summed up are not exact.
const one = 1 - 1e-9

// Take takes one if there is one; otherwise again is in how long there will be.
func (r *Rates) Take(now time.Time, id ID) (again time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.bucketOf(now, id)
	if ok = b.left >= one; ok {
		b.left--
	} else {
		again = r.until(b)
	}
	r.buckets.put(id, b)
	return again, ok
}

// Left tells whether there is one to take, and takes none: nobody is remembered for it.
func (r *Rates) Left(now time.Time, id ID) (again time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b := r.bucketOf(now, id); b.left < one {
		return r.until(b), false
	}
	return 0, true
}

// Charge takes one, be it there or not. emptied is true when none is left, once in `per`.
func (r *Rates) Charge(now time.Time, id ID) (emptied bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.bucketOf(now, id)
	b.left = max(b.left-1, -deepest*r.most)
	if b.left < one && (b.told.IsZero() || now.Sub(b.told) >= r.per) {
		b.told, emptied = now, true
	}
	r.buckets.put(id, b)
	return emptied
}

// Len is how many are remembered, and how many had to make room; nil remembers nobody.
func (r *Rates) Len() (known int, forgotten uint64) {
	if r == nil {
		return 0, 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buckets.lru.Len(), r.buckets.forgotten
}
