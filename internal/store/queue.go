package store

import (
	"slices"
	"sync"
)

// A queue keeps rows until they are written. It never makes anybody wait: at its
// limit the oldest row is dropped, which is the one that later rows are most
// likely to repeat.
type queue struct {
	mu      sync.Mutex
	rows    []row  // oldest first
	first   uint64 // the number of rows[0]; rows are numbered as they come
	limit   int
	dropped func()
}

// put takes a row.
func (q *queue) put(r row) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.rows) >= q.limit {
		q.dropped()
		q.rows[0] = nil
		q.rows = q.rows[1:]
		q.first++
	}
	q.rows = append(q.rows, r)
}

// peek gives the oldest rows, and the number for done once they are written. They
// stay: a disk may refuse them.
func (q *queue) peek(n int) (rows []row, upto uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	rows = slices.Clone(q.rows[:min(n, len(q.rows))])
	return rows, q.first + uint64(len(rows))
}

// done takes out the rows up to a number of peek; some may have been dropped
// meanwhile.
func (q *queue) done(upto uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if upto > q.first {
		n := int(upto - q.first)
		clear(q.rows[:n])
		q.rows, q.first = q.rows[n:], upto
	}
}

// forget takes out a user's rows. Call it only while no rows of peek are being
// written: their numbers change.
func (q *queue) forget(user string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rows = slices.DeleteFunc(q.rows, func(r row) bool { return r.user() == user })
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.rows)
}
