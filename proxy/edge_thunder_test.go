package proxy

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// One event for 5,000 users, some of them with several phones: the server has no more
// questions at a time than it may have, nobody is asked about twice before all others
// have been once, and every phone has its answer. The race detector allows no more than
// some thousand goroutines: then it is 1,000.
func TestAThunderingWakeIsSpread(t *testing.T) {
	users := 5000
	if underRace {
		users = 1000
	}
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, users)
		crowd.waits()
		crowd.news()
		began := time.Now()
		crowd.bell.ring("")
		crowd.allTold()
		if took, enough := time.Since(began), crowd.answerTakes*time.Duration(len(crowd.phones)/crowdChecks+2)+time.Second; took > enough {
			t.Errorf("all were told after %v, want %v", took, enough)
		}
		crowd.verdict()
	})
}

// crowdChecks are the questions that the server may have at a time.
const crowdChecks = 8

// crowd are many phones that wait at the edge, and a server that counts.
type crowd struct {
	*stage
	bell        *bell
	users       int
	phones      []*caller
	answerTakes time.Duration

	mu      sync.Mutex
	changed bool     // there is something new for all
	up      int      // questions at the server
	most    int      // of them at a time
	order   []string // whose they were, since there are news
}

func newCrowd(t *testing.T, users int) *crowd {
	c := &crowd{bell: &bell{covers: true}, users: users, answerTakes: 20 * time.Millisecond}
	memory := watch.NewMemory(Remembered)
	c.stage = inMemory(t, c.script, func(config *Config) {
		config.Watch, config.Memory = c.bell.watch, memory
		config.Hold = Hold{Edge: true, Check: "estimate", MaxChecks: crowdChecks, Safety: time.Hour}
	})
	for i := range users {
		for n := range phonesOf(i) {
			c.knows(memory, fmt.Sprint("u", i), fmt.Sprint("dev", n))
		}
	}
	return c
}

// phonesOf is one, and three of each tenth user.
func phonesOf(user int) int {
	if user%10 == 0 {
		return 3
	}
	return 1
}

// knows is what a phone's Syncs have left.
func (c *crowd) knows(memory *watch.Memory, user, device string) {
	memory.Restore(watch.Snapshot{
		Device:      watch.Device{Principal: user, ID: device, Type: "phone"},
		Collections: []watch.SnapshotCollection{{ID: "1", SyncKey: "7", FilterType: -1}},
	})
}

// script answers questions, and counts them.
func (c *crowd) script(x *lab.Exchange) error {
	if err := x.ReadBody(); err != nil {
		return err
	}
	if parameter(x.Request, "Cmd") != "GetItemEstimate" {
		return lab.Answer(nothingNew)(x)
	}
	c.mu.Lock()
	c.up++
	c.most = max(c.most, c.up)
	if c.changed {
		c.order = append(c.order, userOf(x.Request))
	}
	news := 0
	if c.changed {
		news = 1
	}
	c.mu.Unlock()
	answer := document((&eas.EstimateResponse{Answers: []eas.EstimateAnswer{{Status: 1, ID: "1", Estimate: news}}}).Append(nil))
	time.Sleep(c.answerTakes)
	c.mu.Lock()
	c.up--
	c.mu.Unlock()
	return x.Send(answer)
}

// waits lets them all wait, with credentials that the server knows.
func (c *crowd) waits() {
	c.Helper()
	for i := range c.users {
		for n := range phonesOf(i) {
			user, device := fmt.Sprint("u", i), fmt.Sprint("dev", n)
			phone := c.call()
			phone.ask(post{cmd: "Settings", user: user, device: device})
			phone.send(post{cmd: "Ping", user: user, device: device, body: pingOf("3540", "1")}.raw())
			c.phones = append(c.phones, phone)
		}
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	if up, queued := c.proxy.checks.Len(); up+queued > 0 || c.bell.listeners() != len(c.phones) {
		c.Fatalf("%d questions are up, %d queue, %d of %d listen", up, queued, c.bell.listeners(), len(c.phones))
	}
}

func (c *crowd) news() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = true
}

// allTold reads each phone's answer.
func (c *crowd) allTold() {
	c.Helper()
	news := string(eas.PingResponse{Status: eas.PingChanges, Folders: []string{"1"}}.Append(nil))
	for i, phone := range c.phones {
		if got := phone.reply(); got.code != 200 || got.body != news {
			c.Fatalf("phone %d got %+v", i, got)
		}
	}
}

func (c *crowd) verdict() {
	c.Helper()
	if c.most != crowdChecks {
		c.Errorf("%d questions at a time, want %d", c.most, crowdChecks)
	}
	if len(c.order) != len(c.phones) {
		c.Errorf("%d questions for %d phones", len(c.order), len(c.phones))
	}
	// The first had no queue to stand in. Who was among them has his next turn when any
	// other has his first.
	asked := map[string]int{}
	for i, user := range c.order[min(crowdChecks, len(c.order)):] {
		asked[user]++
		if asked[user] > 1 && len(asked) < c.users-crowdChecks {
			c.Fatalf("%s is asked about for the %d. time after %d questions, about %d of %d users", user, asked[user], i, len(asked), c.users)
		}
	}
	if n := c.bell.listeners(); n != 0 {
		c.Errorf("%d still listen", n)
	}
}
