package redis

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/test/redis"
)

// watched is a node whose log is read.
func watched(t *testing.T, url string, change ...func(*Config)) (*node, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	return newNode(t, url, append(change, func(c *Config) { c.Log = zap.New(core) })...), logs
}

// tried waits until a node has looked some times more whether Redis is there.
func (n *node) tried(server *redis.Server) {
	n.t.Helper()
	was := server.Operations()
	eventually(n.t, "it has looked some times", func() bool { return server.Operations() > was+60 })
}

// One that answers and takes nothing is not there, and that is said once and not each second.
func TestARedisThatTakesNothingIsGoneUntilItDoes(t *testing.T) {
	for _, c := range []struct{ name, from, to string }{
		{"it is full", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"},
		{"it has become a replica", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := redis.Start(t)
			a, logs := watched(t, server.URL())
			a.isUp(true)
			server.Ask(c.from)
			a.isUp(false)
			a.has(phone("p1"), "key 1")
			a.tried(server)
			a.isUp(false)
			if n := logs.FilterLevelExact(zap.WarnLevel).Len(); n != 1 {
				t.Errorf("%d warnings, want 1", n)
			}
			server.Ask(c.to)
			a.written()
			b := newNode(t, server.URL())
			b.isUp(true)
			wants(t, "what waited", b.comes(phone("p1"), true), "elsewhere key 1")
		})
	}
}

// slowly leads to a server, each of whose answers takes so long.
func slowly(t *testing.T, url string, takes time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "redis://"), "/0"))
			if err != nil {
				_ = conn.Close()
				continue
			}
			go func() { defer to.Close(); _, _ = io.Copy(to, conn) }()
			go func() {
				defer conn.Close()
				for some := make([]byte, 1<<16); ; {
					n, err := to.Read(some)
					<-time.After(takes)
					if _, w := conn.Write(some[:n]); err != nil || w != nil {
						return
					}
				}
			}()
		}
	}()
	return "redis://" + l.Addr().String() + "/0"
}

// It would be gone with each third device that comes, and back each second.
func TestARedisThatIsSlowIsNotBackWhileItIs(t *testing.T) {
	server := redis.Start(t)
	a, logs := watched(t, slowly(t, server.URL(), 110*time.Millisecond), func(c *Config) { c.pace.health = 600 * time.Millisecond })
	for range 15 { // for so many it is asked, if it counts as there
		<-time.After(150 * time.Millisecond)
		a.comes(phone("p1"), true)
	}
	eventually(t, "it says so", func() bool { return logs.Len() > 0 })
	if n := logs.Len(); n != 1 {
		t.Errorf("%d lines, want a warning: %v", n, logs.All())
	}
	fast := newNode(t, slowly(t, server.URL(), 10*time.Millisecond))
	fast.isUp(true)
}

// Who can write to Redis can make the nodes forget a device, and not more.
func TestWhatStandsInThePlaceOfADeviceHarmsNoOther(t *testing.T) {
	server := redis.Start(t)
	a, logs := watched(t, server.URL())
	b := newNode(t, server.URL())
	a.isUp(true)
	b.isUp(true)
	one := a.seal.device(phone("p1"))
	server.Ask("SET " + one + " x")
	wants(t, "a device", b.comes(phone("p1"), true), "doubtful ")
	server.Ask("SET " + one + " x")
	b.doubts.add(one, doubt{key: phone("p1")})
	b.doubts.add(a.seal.device(phone("p2")), doubt{key: phone("p2")})
	a.has(phone("p1"), "key 1")
	a.has(phone("p2"), "key 2")
	a.written()
	eventually(t, "a doubt of another device is resolved", func() bool { return strings.Contains(b.foundOnes(), "p2: key 2") })
	wants(t, "in the end it is kept again", b.comes(phone("p1"), true), "elsewhere key 1")
	wants(t, "nothing is said of Redis", fmt.Sprint(logs.All()), "[]")
}

func TestWhatStandsInThePlaceOfANetworkHarmsNoOther(t *testing.T) {
	server := redis.Start(t)
	a, ofA := learner(t, server)
	server.Ask("SET " + networksKey + " x")
	server.Ask("SET " + a.seal.network(carrier) + " x")
	dies(ofA, 1)
	_, ofB := learner(t, server)
	agree(t, 1, ofA, ofB)
}

// The clock of Redis goes back, or another server with its own takes its place.
func TestADeviceThatBelongsToAnotherNodeFromTomorrowOnCanBeTaken(t *testing.T) {
	server, a, b := pair(t)
	server.Ask("HSET " + a.seal.device(phone("p1")) + " node another at 99999999999999")
	a.has(phone("p1"), "key 1")
	a.written()
	wants(t, "what was taken from this node", a.lostOnes(), "[]")
	wants(t, "it comes elsewhere", b.comes(phone("p1"), true), "elsewhere key 1")
}

func TestAValueThatIsTooLongIsNotEvenRead(t *testing.T) {
	server, _, b := pair(t)
	const long = 64 << 20
	fill := func(key, field string) {
		server.Ask(fmt.Sprintf("EVAL \"return redis.call('HSET',KEYS[1],'node','another','at','1','%s',string.rep('x',%d))\" 1 %s", field, long, key))
	}
	fill(b.seal.device(phone("p1")), "state")
	fill(b.seal.device(phone("p2")), "node")
	fill(filesKey, "certificate")
	fill(b.seal.network(carrier), "state")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	wants(t, "a device", b.comes(phone("p1"), true), "doubtful ")
	b.comes(phone("p2"), true)
	if _, err := b.Files().Get(t.Context(), "certificate"); err == nil {
		t.Error("a file was believed")
	}
	if _, err := b.readNetwork(b.seal.network(carrier)); err != nil {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > long/2 {
		t.Errorf("%d bytes were read", took)
	}
}

// A Redis that comes back empty has forgotten whose devices are, and their node may
// need some seconds to say so.
func TestNobodyIsBelievedToBeNobodysWhenRedisHasJustComeBack(t *testing.T) {
	server, a, _ := pair(t)
	late := newNode(t, server.URL(), func(c *Config) { c.pace.claims = time.Hour })
	late.isUp(true)
	wants(t, "nobody knows it yet", late.comes(phone("p1"), true), "doubtful ")
	a.has(phone("p1"), "key 1")
	a.written()
	eventually(t, "its node says so", func() bool { return late.foundOnes() == "[p1: key 1]" })
	late.has(phone("p2"), "key 2")
	wants(t, "its own", late.comes(phone("p2"), true), "here ")
}

// More changes at once than one look reads: the look must not read the same again.
func TestAllChangesAreReadHoweverManyThereAre(t *testing.T) {
	server, a, _ := pair(t)
	server.Ask("EVAL \"for i = 1, 3500 do redis.call('ZADD', KEYS[1], 1000000, 'n' .. i) end return 1\" 1 " + networksKey)
	var c changes
	read := map[string]bool{}
	for range 20 {
		some, err := c.since(a.Store)
		if err != nil || len(some) > mergesAtOnce {
			t.Fatalf("%d at once, %v", len(some), err)
		}
		for _, one := range some {
			c.took(one)
			read[one.name] = true
		}
	}
	if len(read) != 3500 {
		t.Errorf("%d were read, want 3500", len(read))
	}
}

func TestAForgottenUserIsNotBroughtBackByAnotherNode(t *testing.T) {
	server, a, b := pair(t)
	b.has(phone("p1"), "key 1")
	b.has(heartbeat.Key{Principal: "ben@example.com", Device: "p2", Type: "iPhone"}, "key 1")
	b.written()
	if _, err := a.Forget("anna@example.com"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other node is told", func() bool { return strings.Contains(b.words(), "anna@example.com") })
	server.Ask("CLIENT KILL TYPE pubsub") // it claims anew what it holds
	eventually(t, "it hears again", func() bool { b.table.mu.Lock(); defer b.table.mu.Unlock(); return b.table.epoch > 1 })
	b.written()
	wants(t, "what is kept", server.Ask("DBSIZE"), "1")
}

// What was where during an outage is told in any order afterwards: who had a device
// last has what is known of it last.
func TestADeviceThatWentAndCameBackDuringAnOutageStays(t *testing.T) {
	server, a, b := pair(t)
	phones := func(do func(heartbeat.Key)) {
		for i := range 50 {
			do(phone(fmt.Sprint("p", i)))
		}
	}
	phones(func(p heartbeat.Key) { a.has(p, "key 1") })
	a.written()
	server.Ask("SAVE")
	server.Kill()
	a.isUp(false)
	b.isUp(false)
	phones(func(p heartbeat.Key) { b.has(p, "key 2") })
	<-time.After(500 * time.Millisecond) // an age is older by the way of the claim that tells it
	phones(func(p heartbeat.Key) { a.has(p, "key 3") })
	server.Run()
	phones(func(p heartbeat.Key) {
		eventually(t, "it is the last one's", func() bool { return b.comes(p, true) == "elsewhere key 3" })
	})
	a.written()
	wants(t, "what was taken from who had them last", a.lostOnes(), "[]")
}

func TestAStopDoesNotWaitForASlowRedis(t *testing.T) {
	server := redis.Start(t)
	name := NewNode()
	networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{Node: name})
	a := newNode(t, slowly(t, server.URL(), 20*time.Millisecond), func(c *Config) {
		c.Node, c.Networks, c.pace.merge, c.pace.health, c.pace.close = name, networks, time.Hour, time.Second, 300*time.Millisecond
	})
	a.isUp(true)
	const many = 100 // at three questions each
	for i := range many {
		networks.Asked(time.Now(), heartbeat.Network{Name: fmt.Sprint("n", i)}, time.Minute)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if n := server.Ask("ZCARD " + networksKey); n == "0" || n == fmt.Sprint(many) {
		t.Errorf("%s of %d networks were written: some have time, not all", n, many)
	}
}
