package hold

import "container/list"

// Place is one wait in a Queue: it waits, then it is up, then it left. The Queue's
// mutex guards it.
type Place struct {
	queue    *Queue
	start    func()
	owner    *owner        // while it waits
	element  *list.Element // of owner.places, while it waits
	up       bool
	starting bool // start is being called
}

// Leave gives the slot, or the place in the queue, to the next. A second Leave does
// nothing. When it returns, start may be running (or about to: nobody can tell), and
// is never called again after that: what start does must look whether it is still
// wanted.
func (p *Place) Leave() {
	p.queue.mu.Lock()
	freed, inside := p.queue.turns.leave(p), p.starting
	p.queue.mu.Unlock()
	switch {
	case !freed:
	case inside:
		// Perhaps called by start itself, which failed. Were the next one started from
		// here, and failed as well, and so on, the stack would be as deep as the queue.
		go p.queue.next()
	default:
		p.queue.next()
	}
}
