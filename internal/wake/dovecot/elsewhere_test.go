package dovecot

import (
	"testing"

	"github.com/diastole/diastole/internal/wake"
)

// A hook calls one node, and the phone may wait at another.
func TestWhatDovecotTellsOneNodeIsHeardAtTheOther(t *testing.T) {
	said := make(chan Notice, 10)
	one, other := newWorld(t, wake.Users{}), newWorld(t, wake.Users{})
	one.config.Told = func(n Notice) { said <- n }
	heard := make(chan bool, 10)
	watching := other.Watch(wake.Mailbox{User: "anna", Inbox: true}, func(changed bool) { heard <- changed })
	defer watching.Leave()
	one.tell("Anna", "MessageNew", "INBOX")
	n := <-said
	if n.Driver != "lua" || n.User != "Anna" || n.Classes&wake.Inbox == 0 {
		t.Errorf("it told %+v", n)
	}
	other.Hear(n)
	for !<-heard { // that something is covered now may come first
	}
	if watching.Covers()&wake.Inbox == 0 {
		t.Error("what is heard by way of another node covers nothing")
	}
	for _, strange := range []Notice{{Driver: "another", User: "anna", Classes: wake.Inbox}, {Driver: "lua"}, {Driver: "ox", User: string(make([]byte, mostUser+1))}} {
		other.Hear(strange)
	}
	for len(heard) > 0 {
		if <-heard {
			t.Error("a notice that none of our nodes sends has woken somebody")
		}
	}
}
