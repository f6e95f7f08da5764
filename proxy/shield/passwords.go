package shield

import (
	"sync"
	"time"
)

// FewestLogins is the least that a device may be given in an hour: one at once, and two
// that come later, or a password that is good again would never be found to be.
const FewestLogins = 3

const (
	// unanswered is how long a request that went up may still be refused: Z-Push takes 3 s
	// and more when it is busy. What is silent for longer is held, not refused.
	unanswered = 10 * time.Second

	// forgetAfter is how long a device is silent before nothing is held against it. It
	// is beyond the longest pause, so that a device that comes rarely gains nothing.
	forgetAfter = 2 * time.Hour

	// mostSlow bounds how long an answer of ours is kept back, so that a drain does not
	// wait for it.
	mostSlow = 10 * time.Second
)

// pauses are those after the last logins of an hour: N-2 go up as they come, then one
// after 10 min, one after 20 min more, and from then on one in an hour. So in any hour
// the server sees N at most.
var pauses = [...]time.Duration{10 * time.Minute, 20 * time.Minute, time.Hour}

// LongestPause bounds how long a password that has become right goes on being refused
// here, to a device that keeps asking.
const LongestPause = time.Hour

// Verdict is what becomes of a request.
type Verdict uint8

// Refuse is for a password that the server has refused before; Later for one of which
// nobody knows yet, because too many requests with it are without their answer.
const (
	Pass Verdict = iota
	Refuse
	Later
)

// Answer is a Verdict and what belongs to it.
type Answer struct {
	Verdict Verdict
	Slow    time.Duration // with Refuse: how long to keep the answer back, longer each time
}

// Passwords knows which credential of a device the server refuses. Only refusals are
// kept: nobody is ever let in because of what is here. All methods may be called from
// any goroutine.
type Passwords struct {
	logins int

	mu      sync.Mutex
	devices *table[record]
}

// NewPasswords lets a device ask the server for `logins` times in an hour with the same
// wrong credential; 0 never refuses, and only tells a repeated refusal from a first one.
// Less than FewestLogins is that. It remembers as many devices.
func NewPasswords(logins, devices int) *Passwords {
	if logins > 0 {
		logins = max(logins, FewestLogins)
	}
	return &Passwords{logins: logins, devices: newTable[record](devices)}
}

// record is what is known of a device: one credential, the one that it sent last.
type record struct {
	credential ID
	refused    int       // by the server
	here       int       // by us since the server did
	flying     int       // at the server, not answered yet
	sent       time.Time // the last one that went there
	due        time.Time // when the server may be asked again
	heard      time.Time
}

// Ask says what becomes of a request whose credential was not accepted from this device
// lately. Any other credential begins anew: whoever corrects a password does not wait,
// and whoever does not know the wrong one can keep nobody out.
func (p *Passwords) Ask(now time.Time, device, credential ID) Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, known := p.devices.lru.Get(device)
	if !known || r.credential != credential || now.Sub(r.heard) >= forgetAfter {
		r = record{credential: credential}
	}
	r.heard = now
	answer := r.ask(now, p.logins)
	p.devices.put(device, r)
	return answer
}

func (r *record) ask(now time.Time, logins int) Answer {
	if now.Sub(r.sent) >= unanswered {
		r.flying = 0
	}
	var answer Answer
	atOnce := logins - len(pauses) + 1
	switch {
	case logins == 0:
	case r.refused >= atOnce && (r.flying > 0 || now.Before(r.due)):
		answer.Verdict, answer.Slow = Refuse, slow(r.here)
		r.here++
		return answer
	case r.refused == 0 && r.flying >= logins, // a volley of them, or a server that is busy
		r.refused > 0 && r.refused < atOnce && r.refused+r.flying >= atOnce:
		answer.Verdict = Later
		return answer
	}
	r.flying++
	r.sent = now
	return answer
}

// slow is 1, 2, 4, 8, 10 s: a phone that asks again at once does so less often.
func slow(before int) time.Duration { return min(time.Second<<min(before, 4), mostSlow) }

// Refused takes in that the server has refused a credential. again tells that it has done
// so before: an old password, not somebody who guesses.
func (p *Passwords) Refused(now time.Time, device, credential ID) (again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, known := p.devices.lru.Get(device)
	if !known || r.credential != credential {
		r = record{credential: credential}
	}
	again = r.refused > 0
	r.heard = now
	r.flying = max(r.flying-1, 0)
	r.here = 0
	r.refused++
	if late := r.refused - (p.logins - len(pauses) + 1); late >= 0 {
		r.due = now.Add(pauses[min(late, len(pauses)-1)])
	}
	p.devices.put(device, r)
	return again
}

// Repeats tells whether a credential is one that the server has refused, and the device
// has sent no other since: an old password, not somebody who guesses.
func (p *Passwords) Repeats(device, credential ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, known := p.devices.lru.Peek(device)
	return known && r.credential == credential && r.refused > 0
}

// Accepted takes in that the server has taken a credential: nothing is held against it.
func (p *Passwords) Accepted(device, credential ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, known := p.devices.lru.Peek(device); known && r.credential == credential {
		p.devices.lru.Remove(device)
	}
}

// Answered takes in an answer that says nothing of a credential: the server is down.
func (p *Passwords) Answered(device, credential ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, known := p.devices.lru.Peek(device); known && r.credential == credential {
		r.flying = max(r.flying-1, 0)
		p.devices.lru.Add(device, r)
	}
}

// Len is how many devices something is known of, and how many had to make room.
func (p *Passwords) Len() (devices int, forgotten uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.devices.lru.Len(), p.devices.forgotten
}
