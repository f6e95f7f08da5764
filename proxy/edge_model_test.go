package proxy

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// For hours of their own time users get mail, events and folders, sort what they have,
// change passwords, and their phones wait for all of it, leave, roam, and come back,
// while the server, its network and who tells of changes have good and bad times. What
// phones are told is compared with what was true. SEED=n repeats what is drawn, not the
// order in which it arrives, HOURS=n lasts longer.
func TestModelOfTheEdge(t *testing.T) {
	for name, c := range map[string]edgeModelConfig{
		"asked by estimates": {check: "estimate", allowance: 12 * time.Second, gzip: true},
		"asked by Pings":     {check: "ping", allowance: 25 * time.Second},
		"with policies":      {check: "estimate", allowance: 12 * time.Second, policy: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newEdgeModel(t, c)
				m.run()
				time.Sleep(time.Minute) // nothing lingers longer
				m.verdict()
			})
		})
	}
}

// edgeModelConfig is one of the worlds.
type edgeModelConfig struct {
	check     string
	policy    bool
	gzip      bool
	allowance time.Duration // beyond an interval, for the question itself
}

// What the world is like. The first of the users never get anything.
const (
	edgeUsers     = 8
	quietUsers    = 1
	lingerOfModel = 30 * time.Second
	edgePoll      = 30 * time.Second
	edgeSafety    = 3 * time.Minute
)

// changesEvery is how busy users are.
var changesEvery = []time.Duration{10 * time.Minute, time.Minute, 4 * time.Minute}

// edgeModel is a world, what goes on in it, and what has to be true of it.
type edgeModel struct {
	*edgeWorld
	edgeModelConfig
	seed   uint64
	began  time.Time
	until  time.Time
	upNet  *weather
	phones map[string][]*modelPhone // of each user

	mu        sync.Mutex
	dice      *rand.Rand           // of whatever is asked from many sides
	passwords map[string]password  // of each user
	at        map[string]time.Time // when an item came, was last touched, or went: by user and id
	happened  map[string]int       // how much has begun and ended in a user's mailbox
	happening map[string]int       // and what is going on in it
	rung      map[string]time.Time // when the bell last rang for a user
	uncovered time.Time            // since when the bell covers nothing; zero: it does
	wentUp    map[string]time.Time // when a wait, or a Ping of ours, of a device last went up, by kind
	counts    map[string]int
	faults    []string
	trails    map[string][]string // what each phone last did and was told
}

// password is a user's, and since when.
type password struct {
	text  string
	since time.Time
}

func newEdgeModel(t *testing.T, c edgeModelConfig) *edgeModel {
	m := &edgeModel{
		edgeModelConfig: c, seed: seedOf(t), began: time.Now(), until: time.Now().Add(modelHours()),
		phones: map[string][]*modelPhone{}, passwords: map[string]password{}, at: map[string]time.Time{},
		happened: map[string]int{}, happening: map[string]int{}, rung: map[string]time.Time{}, wentUp: map[string]time.Time{}, counts: map[string]int{}, trails: map[string][]string{},
	}
	m.upNet = &weather{model: m}
	m.dice = rand.New(rand.NewPCG(m.seed, 0))
	users := map[string]string{}
	for i := range edgeUsers {
		users[userNumber(i)] = "first"
		m.passwords[userNumber(i)] = password{"first", time.Now()}
	}
	m.edgeWorld = edgeWorldOf(t, lab.ServerConfig{Users: users, MinHeartbeat: time.Second, Policy: c.policy, Gzip: c.gzip},
		func(config *Config) {
			config.Dial = m.upNet.over(config.Dial)
			config.Hold = m.hold()
		})
	m.upNet.rules(m)
	return m
}

func userNumber(i int) string { return fmt.Sprint("u", i) }

// modelHours is HOURS=n, or what is soon over.
func modelHours() time.Duration {
	if hours, err := strconv.Atoi(os.Getenv("HOURS")); err == nil {
		return time.Duration(hours) * time.Hour
	}
	return 90 * time.Minute
}

func (m *edgeModel) hold() Hold {
	return Hold{
		Edge: true, Check: m.check, Poll: edgePoll, Safety: edgeSafety, Linger: lingerOfModel,
		MaxChecks: 4 + m.roll(4), CheckPace: 50 + m.roll(1000),
	}
}

// run returns when the time is over and everybody is at home.
func (m *edgeModel) run() {
	var all sync.WaitGroup
	for i := range edgeUsers {
		user := userNumber(i)
		for n := range 2 {
			m.phones[user] = append(m.phones[user], m.newPhone(user, i, n))
		}
	}
	for i := range edgeUsers {
		user := userNumber(i)
		for _, d := range m.phones[user] {
			all.Go(d.live)
		}
		if i >= quietUsers {
			life := &mailboxLife{edgeModel: m, user: user, every: changesEvery[i%len(changesEvery)], dice: rand.New(rand.NewPCG(m.seed, uint64(100+i)))}
			all.Go(life.live)
		}
	}
	all.Go((&seasons{edgeModel: m, dice: rand.New(rand.NewPCG(m.seed, 99))}).live)
	all.Wait()
}

// roll is below n; chance is true in one of n cases.
func (m *edgeModel) roll(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dice.IntN(n)
}

func (m *edgeModel) chance(n int) bool { return m.roll(n) == 0 }

func (m *edgeModel) counted(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[what]++
}

func (m *edgeModel) fault(format string, of ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, fmt.Sprintf("after %v: ", time.Since(m.began))+fmt.Sprintf(format, of...))
}

// trail notes what a phone does, asks the server, and is told.
func (m *edgeModel) trail(phone, format string, of ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lines := append(m.trails[phone], fmt.Sprintf("%12v ", time.Since(m.began).Round(time.Millisecond))+fmt.Sprintf(format, of...))
	m.trails[phone] = lines[max(len(lines)-15, 0):]
}

// lasting sleeps, unless the time is over before.
func (m *edgeModel) lasting(d time.Duration) (goesOn bool) {
	time.Sleep(min(d, time.Until(m.until)))
	return time.Now().Before(m.until)
}

// verdict is over all that was seen.
func (m *edgeModel) verdict() {
	synctest.Wait()
	m.Helper()
	for _, fault := range m.faults[:min(len(m.faults), 20)] {
		m.Error(fault)
	}
	if len(m.faults) > 20 {
		m.Errorf("and %d more", len(m.faults)-20)
	}
	m.Logf("%v", m.counts)
	if told, untrue := m.counts["told of a folder"], m.counts["told of a folder in vain"]; told < 100 || untrue*100 >= told {
		m.Errorf("of %d times that a phone was told of a folder %d were in vain, want many and under 1 %%", told, untrue)
	}
	for _, what := range []string{"change", "bell: loses", "season: restart", "season: password", "season: outage of the bell", "left", "roamed", "weather", "wait of us", "syncs that bring it"} {
		if m.counts[what] < 1 {
			m.Errorf("%q happened %d times", what, m.counts[what])
		}
	}
	if held := m.stage.count("diastole_waits_held"); held != 0 {
		m.Errorf("%v waits are held", held)
	}
	if m.bell.listeners() != 0 {
		m.Errorf("%d listen", m.bell.listeners())
	}
}
