package proxy

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// mailboxLife is what happens in one user's mailbox, by other hands than his phones'.
type mailboxLife struct {
	*edgeModel
	user    string
	every   time.Duration // something happens
	dice    *rand.Rand
	mails   []string // in the inbox
	gone    []string // in Deleted Items
	events  []string
	folders []string // that he made
	n       int
}

func (l *mailboxLife) live() {
	for l.lasting(time.Duration(l.dice.ExpFloat64() * float64(l.every))) {
		for range 1 + l.dice.IntN(2)*l.dice.IntN(3) { // mostly one thing, now and then some at once
			l.change()
		}
		l.bells()
	}
}

// change does one thing, and notes when.
func (l *mailboxLife) change() {
	l.counted("change")
	l.happens(l.user, 1)
	defer l.happens(l.user, -1)
	l.n++
	switch n := l.dice.IntN(100); {
	case n < 35:
		l.mails = append(l.mails, l.deliver(""))
	case n < 40:
		l.deliver("Drafts") // on which no phone waits
	case n < 44:
		l.burst()
	case n < 56:
		l.touch(l.one(l.mails), func(id string) { l.server.MarkRead(l.user, id, l.dice.IntN(2) == 0) })
	case n < 66:
		l.touch(l.take(&l.mails), func(id string) { l.server.Remove(l.user, id) })
	case n < 72:
		l.move(&l.mails, "Deleted Items", &l.gone)
	case n < 76:
		l.move(&l.gone, "Inbox", &l.mails)
	case n < 85:
		l.events = append(l.events, l.came(l.server.AddEvent(l.user, "", fmt.Sprint("event ", l.n))))
	case n < 91:
		l.touch(l.one(l.events), func(id string) { l.server.Rename(l.user, id, fmt.Sprint("event ", l.n)) })
	case n < 94:
		l.touch(l.take(&l.events), func(id string) { l.server.Remove(l.user, id) })
	case n < 98: // it comes, and a filter takes it away at once
		id := l.deliver("")
		time.Sleep(time.Duration(l.dice.IntN(20)) * time.Millisecond)
		l.touch(id, func(id string) { l.server.Remove(l.user, id) })
	case n < 99:
		l.folders = append(l.folders, l.server.AddFolder(l.user, fmt.Sprint("folder ", l.n), "Email"))
	default:
		l.server.RemoveFolder(l.user, l.take(&l.folders))
	}
}

func (l *mailboxLife) deliver(folder string) string {
	return l.came(l.server.Deliver(l.user, folder, lab.Mail{Subject: fmt.Sprint("mail ", l.n)}))
}

// burst is a night's mail at once: more than one Sync brings.
func (l *mailboxLife) burst() {
	for range 20 + l.dice.IntN(50) {
		l.mails = append(l.mails, l.deliver(""))
	}
}

// came notes when an item came.
func (l *mailboxLife) came(id string, err error) string {
	if err != nil {
		l.fault("%v", err)
	}
	l.note(id)
	return id
}

// touch changes an item, if there is one.
func (l *mailboxLife) touch(id string, change func(id string)) {
	if id != "" {
		change(id)
		l.note(id)
	}
}

func (l *mailboxLife) move(from *[]string, folder string, to *[]string) {
	l.touch(l.take(from), func(id string) {
		if there, ok := l.server.Move(l.user, id, folder); ok {
			*to = append(*to, there)
			l.note(there)
		}
	})
}

func (l *mailboxLife) note(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at[l.user+id] = time.Now()
}

// one is any of them, take takes it out.
func (l *mailboxLife) one(of []string) string {
	if len(of) == 0 {
		return ""
	}
	return of[l.dice.IntN(len(of))]
}

func (l *mailboxLife) take(from *[]string) string {
	if len(*from) == 0 {
		return ""
	}
	i := l.dice.IntN(len(*from))
	id := (*from)[i]
	*from = append((*from)[:i:i], (*from)[i+1:]...)
	return id
}

// bells ring for what has happened: soon, late, not at all, and for nothing.
func (l *mailboxLife) bells() {
	switch n := l.dice.IntN(20); {
	case n < 10:
		l.ringIn(time.Duration(l.dice.IntN(50)) * time.Millisecond)
	case n < 13:
		l.counted("bell: late")
		l.ringIn(time.Duration(l.dice.IntN(4000)) * time.Millisecond)
	case n < 18:
		l.counted("bell: loses")
	default:
		l.ringIn(0)
		l.counted("bell: for nothing")
		for range l.dice.IntN(5) {
			l.ringIn(time.Duration(l.dice.IntN(300)) * time.Millisecond)
		}
	}
}

func (l *mailboxLife) ringIn(d time.Duration) {
	l.mu.Lock()
	silent := !l.uncovered.IsZero()
	l.mu.Unlock()
	if silent {
		return
	}
	time.Sleep(d)
	l.mu.Lock()
	l.rung[l.user] = time.Now()
	l.mu.Unlock()
	l.bell.ring(l.user)
}

// seasons are what happens to all of them.
type seasons struct {
	*edgeModel
	dice *rand.Rand
}

func (s *seasons) live() {
	var deck []int // of ten cards, all of which are drawn before one comes again: each season comes
	for s.lasting(time.Duration(s.dice.ExpFloat64() * float64(90*time.Second))) {
		if len(deck) == 0 {
			deck = s.dice.Perm(10)
		}
		card := deck[0]
		deck = deck[1:]
		switch card {
		case 0, 1, 2:
			s.counted("season: outage of the bell")
			s.cover(false)
			s.lasting(time.Duration(s.dice.IntN(300)) * time.Second)
			s.cover(true)
		case 3, 4:
			s.counted("season: restart")
			s.upNet.set(true, false)
			s.lasting(time.Duration(s.dice.IntN(40)) * time.Second)
			s.upNet.set(false, s.dice.IntN(2) == 0)
			s.lasting(time.Duration(s.dice.IntN(20)) * time.Second)
			s.upNet.set(false, false)
		case 5, 6:
			s.counted("season: password")
			s.newPassword(userNumber(s.dice.IntN(edgeUsers)))
		case 7:
			s.counted("season: reload")
			hold := s.hold()
			hold.Edge = s.dice.IntN(3) > 0 // for a while new waits are the server's
			s.proxy.Apply(Settings{Hold: hold})
		case 8:
			s.counted("season: device forgotten")
			s.server.ForgetDevice(userNumber(s.dice.IntN(edgeUsers)), "phone0")
		default:
			s.counted("season: policy")
			s.server.RevokePolicies()
		}
	}
}

// cover says whether the bell covers all. When it is back it rings: something may have
// been missed.
func (s *seasons) cover(all bool) {
	s.mu.Lock()
	s.uncovered = time.Time{}
	if !all {
		s.uncovered = time.Now()
	}
	for user := range s.passwords {
		if all {
			s.rung[user] = time.Now()
		}
	}
	s.mu.Unlock()
	s.bell.cover(all)
	if all {
		s.bell.ring("")
	}
}

func (s *seasons) newPassword(user string) {
	next := password{fmt.Sprint("password ", s.dice.IntN(1000)), time.Now()}
	s.mu.Lock()
	s.passwords[user] = next
	s.mu.Unlock()
	s.server.SetPassword(user, next.text) // which asks for our mutex with its own held
}
