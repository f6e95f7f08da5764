package nodes

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/test/redis"
)

// phones roam; desks stay where they are for long, and have no mail: of them something
// is learned, which takes waits of more than 30 s.
const phones, desks = 60, 12

// deskIdle is what the box in front of the desks forgets after. That three of them have
// shown it takes some minutes.
const deskIdle = 34 * time.Second

// world is two nodes, their Redis, their server, and phones.
type world struct {
	t      *testing.T
	redis  *redis.Server
	nodes  []*node
	server *server
	phones []*phone // desks behind them
	sent   int
	edge   bool // waits are held at the nodes
}

func newWorld(t *testing.T, hold string) *world {
	t.Helper()
	users := map[string]string{}
	for i := range phones + desks {
		users[fmt.Sprintf("user%d", i)] = "secret"
	}
	w := &world{t: t, edge: strings.HasPrefix(hold, "hold: edge"), redis: redis.Start(t), server: newServer(t, users)}
	for _, name := range []string{"a", "b"} {
		w.nodes = append(w.nodes, newNode(t, name, w.server.url, hold, w.redis))
	}
	return w
}

// live lets the phones live; stop ends that.
func (w *world) live() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var living sync.WaitGroup
	for i := range phones + desks {
		from, idle := fmt.Sprintf("203.0.113.%d", i+1), time.Duration(0)
		c := lab.PhoneConfig{Ladder: lab.DirectPush(), Scale: 30, Timeout: 5 * time.Second}
		switch {
		case i >= phones:
			c.Scale, from, idle = 15+i%3*5, fmt.Sprintf("198.51.100.%d", i), deskIdle // a minute, 45 s, 36 s
		case i%4 == 1:
			c.EmptyPing, c.Ladder = true, lab.AOSPICS()
		case i%4 == 2:
			c.Ladder, c.Scale = lab.AOSP(), 15
		}
		p := newPhone(fmt.Sprintf("user%d", i), from, idle, w.nodes, c)
		w.phones = append(w.phones, p)
		living.Go(func() { p.live(ctx) })
	}
	return sync.OnceFunc(func() { cancel(); living.Wait() })
}

// deliver gives somebody a mail, of which Dovecot tells one node that lives.
func (w *world) deliver() {
	p := w.phones[rand.IntN(phones)]
	w.sent++
	subject := fmt.Sprintf("mail %d", w.sent)
	p.isSent(subject)
	if _, err := w.server.Deliver(p.user, "", lab.Mail{Subject: subject}); err != nil {
		w.t.Error(err)
	}
	first := rand.IntN(len(w.nodes))
	for i := range w.nodes {
		if n := w.nodes[(first+i)%len(w.nodes)]; n.hook.Load() != "" && n.hears(p.user) == nil {
			return
		}
	}
}

// Phones that roam, nodes that die, and a Redis that dies, hangs and comes back: no
// change is lost, the server is not asked twice, and what is learned is one.
func TestPhonesMoveBetweenNodesWhileNodesAndRedisDie(t *testing.T) {
	usual := "40s"
	if testing.Short() {
		usual = "10s"
	}
	length, err := time.ParseDuration(cmp.Or(os.Getenv("DIASTOLE_SOAK"), usual))
	if err != nil {
		t.Fatalf("DIASTOLE_SOAK: %v", err)
	}
	for _, hold := range []string{"hold: pass", "hold: edge, profile: zpush"} {
		t.Run(hold, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, hold)
			stop := w.live()
			defer stop() // where it ends before
			w.trouble(length)
			w.settles()
			stop()
			w.reports(length)
		})
	}
}

// trouble goes on for a time: mail every 50 ms, a phone that moves every 100 ms, and
// every tenth of the time something dies, hangs, or comes back.
func (w *world) trouble(length time.Duration) {
	begin, done := time.Now(), make(chan struct{})
	go func() {
		defer close(done)
		w.disasters(length)
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := 0; time.Since(begin) < length; i++ {
		<-tick.C
		w.deliver()
		if i%2 == 0 {
			w.phones[rand.IntN(phones)].moves()
		}
		if i%100 == 99 {
			w.phones[phones+rand.IntN(desks)].moves()
		}
	}
	<-done
}

// disasters takes as long as it may, in rounds of 40 s at most.
func (w *world) disasters(length time.Duration) {
	rounds := max(1, int(length/(40*time.Second)))
	step := time.NewTicker(length / time.Duration(rounds) / 10)
	defer step.Stop()
	for range rounds {
		dies := w.nodes[rand.IntN(len(w.nodes))]
		for _, do := range []func(){
			func() {}, func() { w.server.see(false); w.redis.Kill() }, func() {}, func() { w.redis.Run(); w.server.see(true) },
			dies.kill, dies.run, func() { w.server.see(false); w.redis.Stop() }, func() { w.redis.Continue(); w.server.see(true) },
			func() {}, func() {},
		} {
			<-step.C
			do()
		}
	}
}

// settles waits until every phone has all of its mail.
func (w *world) settles() {
	late := time.After(90 * time.Second) // a 503 asks for up to 60 s
	for {
		missing := 0
		for _, p := range w.phones {
			missing += p.misses()
		}
		if missing == 0 {
			return
		}
		select {
		case <-late:
			w.t.Errorf("%d of %d changes are lost", missing, w.sent)
			for _, p := range w.phones {
				if p.misses() > 0 {
					p.mu.Lock()
					w.t.Logf("%s, whose network leads to node %d, misses %v; last: %s", p.user, p.at, p.due, p.last)
					p.mu.Unlock()
				}
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// reports says what was seen, and judges it.
func (w *world) reports(length time.Duration) {
	var took []time.Duration
	again := 0
	for _, p := range w.phones {
		p.mu.Lock()
		took, again = append(took, p.took...), again+p.again
		p.mu.Unlock()
	}
	slices.Sort(took)
	worst, beside, asks := w.server.figures()
	w.t.Logf("%v: %d phones, %d mails, of which none is lost; from delivery to the phone: median %v, 95 %% in %v, all in %v; %d came twice",
		length, len(w.phones), w.sent, took[len(took)/2].Round(time.Millisecond), took[len(took)*95/100].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), again)
	w.t.Logf("more than one wait of a device at the server: for %v at most while Redis was there, for %v while it was not; %d Pings reached the server",
		worst.Round(time.Millisecond), beside.Round(time.Millisecond), asks)
	if worst > 5*time.Second {
		w.t.Errorf("a device had more than one wait for %v", worst)
	}
	if asked := w.nodes[0].metric("diastole_checks_total") + w.nodes[1].metric("diastole_checks_total"); (asked > 0) != w.edge {
		w.t.Errorf("%v questions to the server: that is another hold mode", asked)
	}
	w.agree()
	for _, n := range w.nodes {
		w.t.Logf("node %s: said %d times that Redis is gone; this life: %v devices taken, %v operations", n.name, n.warnings(),
			n.metric("diastole_redis_taken_total"), n.metric("diastole_redis_operations_total"))
	}
}

// agree waits until both nodes say the same of all networks.
func (w *world) agree() {
	late := time.Now().Add(patience)
	for a, b := "", "-"; a != b; {
		a, b = w.nodes[0].networks(), w.nodes[1].networks()
		if time.Now().After(late) {
			w.t.Errorf("the nodes have learned different things:\n%s\n%s", a, b)
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	for _, n := range w.learned() {
		w.t.Logf("both nodes have learned of %s: limit %v s, advice %v s, survived %d, died %d (%d devices)",
			n.Name, n.Limit, n.Advice, n.Survived, n.Died, n.Devices)
	}
}

// network is what a node says of one.
type network struct {
	Name           string
	Limit          float64 `json:"limit_seconds"`
	Advice         float64 `json:"advice_seconds"`
	Survived, Died int
	Devices        int `json:"devices_died"`
}

func (w *world) learned() (networks []network) {
	text, err := w.nodes[0].get("/api/v1/networks?limit=100")
	var page struct{ Networks []network }
	if err == nil {
		err = json.Unmarshal([]byte(text), &page)
	}
	if err != nil {
		w.t.Error(err)
	}
	return page.Networks
}
