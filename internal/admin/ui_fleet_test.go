package admin

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
)

type ladder struct {
	asked []int
	ends  []heartbeat.Outcome
}

// ladders are what the devices of the browser's fleet asked for, in minutes, one wait
// after the other, and how each ended.
var ladders = []ladder{
	{[]int{8, 12, 16, 12, 12, 12, 12, 12}, []heartbeat.Outcome{heartbeat.Expired, heartbeat.Expired, heartbeat.Silent, heartbeat.Expired, heartbeat.Changed, heartbeat.Expired, heartbeat.Expired, heartbeat.Changed}},
	{[]int{5, 10, 15, 20, 25, 28, 28, 28}, []heartbeat.Outcome{heartbeat.Expired, heartbeat.Changed, heartbeat.Expired, heartbeat.Expired, heartbeat.Expired, heartbeat.Expired, heartbeat.Changed, heartbeat.Expired}},
	{[]int{15, 15, 15, 15, 15, 15, 15, 15}, []heartbeat.Outcome{heartbeat.Early, heartbeat.Early, heartbeat.Left, heartbeat.Early, heartbeat.Reset, heartbeat.Early, heartbeat.Changed, heartbeat.Early}},
	{[]int{8, 16, 24, 32, 8, 16, 24, 32}, []heartbeat.Outcome{heartbeat.Expired, heartbeat.Expired, heartbeat.Expired, heartbeat.Silent, heartbeat.Expired, heartbeat.UpstreamFault, heartbeat.Expired, heartbeat.Silent}},
}

var carriers = []string{"carrier-east", "carrier-west", "guest-wifi"}

// someone is one of the devices and where it is.
func someone(i int) (heartbeat.Key, heartbeat.Network) {
	n := heartbeat.Network{Name: fmt.Sprintf("198.%d.%d.0/24", 18+i/5%2, i/10%250), HTTP: 1}
	if i%5 == 0 {
		n.Name = carriers[i/5%len(carriers)]
	}
	return heartbeat.Key{Principal: fmt.Sprintf("user%d@example.com", i), Device: fmt.Sprintf("ApplDNPQ%08d", i), Type: []string{"iPhone", "SM-G991B", "iPad"}[i%3]}, n
}

// crowded is a fleet such as a browser has to cope with: many devices on many
// networks, three of which have names and limits of their own.
func crowded(devices int) *learnedBy {
	l := newLearned()
	l.spec.Learn = policy.LearnEnforce
	l.spec.FirewallIdle = 30 * time.Minute
	l.tally = NewTally(time.Now().Add(-24 * time.Hour))
	l.standing = Standing{Version: "test", Profile: "sogo", Hold: "edge", Users: "plain", Load: Load{Waits: 3}, Sources: map[string]bool{"dovecot": true, "imap": true}}
	if devices == 0 {
		return l // a program that has only started
	}
	for i, name := range carriers {
		forgets(l, heartbeat.Network{Name: name, HTTP: 1}, []time.Duration{13, 28, 6}[i]*time.Minute)
	}
	for i := range devices {
		k, n := someone(i)
		lives(l, k, n, i)
	}
	return l
}

// forgets lets devices find out, each in its own way, how long a network keeps a silent connection.
func forgets(l *learnedBy, n heartbeat.Network, limit time.Duration) {
	began := time.Now().Add(-2 * time.Hour)
	for i := range 60 {
		now, device := began.Add(time.Duration(i)*time.Minute), uint64(i%7+1)
		l.networks.Observe(now, n, heartbeat.Evidence{Device: device, At: limit - 20*time.Second - time.Duration(i*i%9)*limit/12})
		if i%3 == 0 {
			l.networks.Observe(now, n, heartbeat.Evidence{Device: device, At: limit + 10*time.Second + time.Duration(i%7)*time.Minute, Died: true})
		}
	}
}

// lives lets a device wait some hours long; its last wait has yet to end.
func lives(l *learnedBy, k heartbeat.Key, n heartbeat.Network, i int) {
	at := time.Now().Add(-4*time.Hour - time.Duration(i%600)*time.Second)
	for w := range ladders[0].asked {
		at = waits(l, k, n, ladders[i%len(ladders)].turn(w), at)
	}
	l.tally.Tell(l.begins(k, n, ladders[i%len(ladders)].turn(0), time.Now()))
}

func (l *learnedBy) begins(k heartbeat.Key, n heartbeat.Network, w heartbeat.Wait, at time.Time) Event {
	l.devices.Asked(k, at, n, w.Asked)
	l.networks.Asked(at, n, w.Asked)
	return Event{What: Begins, When: at, Key: k, Kind: "ping", Network: n, Rule: "default", Asked: w.Asked, Given: w.Given, Would: w.Given}
}

// waits is one wait from begin to end; the next may begin at the time that it returns.
func waits(l *learnedBy, k heartbeat.Key, n heartbeat.Network, w heartbeat.Wait, at time.Time) time.Time {
	e := l.begins(k, n, w, at)
	l.tally.Tell(e)
	at = at.Add(w.Held)
	w.Network = n
	l.devices.Ended(k, at, w)
	e.What, e.When, e.Held, e.Outcome = Ends, at, w.Held, w.Outcome
	l.tally.Tell(e)
	return at.Add(time.Second)
}

// turn is the wait at a place of the ladder.
func (ladder ladder) turn(i int) heartbeat.Wait {
	asked := time.Duration(ladder.asked[i%len(ladder.asked)]) * time.Minute
	w := heartbeat.Wait{Asked: asked, Given: asked, Held: asked, Outcome: ladder.ends[i%len(ladder.ends)], Proof: heartbeat.Confirmed}
	switch w.Outcome {
	case heartbeat.Early:
		w.Given, w.Held = 12*time.Minute, 12*time.Minute
	case heartbeat.Silent:
		w.Proof = heartbeat.Lost
	case heartbeat.Changed, heartbeat.Left, heartbeat.Reset, heartbeat.UpstreamFault:
		w.Held, w.Proof = asked*2/5, heartbeat.Acked
	}
	return w
}

// goesOn lets one device after the other end a wait and begin another, until done.
func goesOn(l *learnedBy, devices int, done <-chan struct{}) {
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i += 7 {
		select {
		case <-done:
			return
		case <-tick.C:
			k, n := someone(i % devices)
			w := ladders[i%len(ladders)].turn(i)
			waits(l, k, n, w, time.Now().Add(-w.Held))
			l.begins(k, n, w, time.Now())
		}
	}
}

// The browser tests in ui/browser look at a fleet that no lab has phones for. They start
// this test, which serves one until its input ends.
func TestAFleetForTheBrowser(t *testing.T) {
	devices, err := strconv.Atoi(os.Getenv("DIASTOLE_BROWSER_FLEET"))
	if err != nil {
		t.Skip("for the browser tests (make pages), which set DIASTOLE_BROWSER_FLEET to a number of devices")
	}
	fleet := crowded(devices)
	learned := fleet.learned(t)
	learned.User = hashed()
	if os.Getenv("DIASTOLE_BROWSER_USERS") == "plain" {
		learned.User = func(user string) string { return user }
	}
	config := Config{Learned: learned, Token: os.Getenv("DIASTOLE_BROWSER_TOKEN")}
	fmt.Printf("serving %s\n", serve(t, config))
	done := make(chan struct{})
	defer close(done)
	if devices > 0 {
		go goesOn(fleet, devices, done)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}
