package redis

import (
	"strings"
	"testing"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/test/redis"
)

func TestADeviceThatMovesBringsWhatIsKnownOfItAndIsTakenFromItsFormerNode(t *testing.T) {
	server, a, b := pair(t)
	wants(t, "a device that nobody knows", a.comes(phone("p1"), true), "here ")
	a.has(phone("p1"), "key 1")
	a.written()
	wants(t, "it comes again", a.comes(phone("p1"), true), "here ")
	wants(t, "it comes to the other node", b.comes(phone("p1"), true), "elsewhere key 1")
	wants(t, "before the server has accepted it there it is still the former's", a.comes(phone("p1"), false), "here ")
	wants(t, "which has lost nothing", a.lostOnes(), "[]")
	b.has(phone("p1"), "key 2")
	eventually(t, "the former node is told", func() bool { return a.lostOnes() == "[p1]" })
	b.written()
	wants(t, "it comes back", a.comes(phone("p1"), false), "elsewhere key 2")
	for _, secret := range []string{"anna", "p1", "iPhone", "key"} {
		if found := server.Ask("EVAL \"local all = '' for _, k in ipairs(redis.call('KEYS', '*')) do all = all .. k .. tostring(redis.call('TYPE', k).ok) if redis.call('TYPE', k).ok == 'hash' then all = all .. table.concat(redis.call('HGETALL', k), ' ') end end return all\" 0"); strings.Contains(found, secret) {
			t.Errorf("who reads Redis finds %q", secret)
		}
	}
}

func TestWhatANodeLearnsOfADeviceThatItHasNotAnyMoreIsNotKept(t *testing.T) {
	_, a, b := pair(t)
	a.has(phone("p1"), "key 1")
	a.written()
	b.has(phone("p1"), "key 2")
	eventually(t, "the former node is told", func() bool { return a.lostOnes() == "[p1]" })
	b.written()
	a.mu.Lock()
	a.state["p1"] = "key 0, late"
	a.mu.Unlock()
	a.Changed(phone("p1"))
	wants(t, "what comes late of the former node", a.comes(phone("p1"), true), "elsewhere key 2")
}

func TestOfTwoUsersWithOneDeviceEachHasItsOwn(t *testing.T) {
	_, a, b := pair(t)
	other := heartbeat.Key{Principal: "ben@example.com", Device: "p1", Type: "iPhone"}
	a.has(phone("p1"), "anna's")
	a.written()
	wants(t, "the other user's", b.comes(other, true), "here ")
}

// Without Redis a device that comes on a new connection may have been anywhere.
func TestWithoutRedisADeviceIsDoubtfulUntilItsNodeHasHeardOfItAgain(t *testing.T) {
	server, a, b := pair(t)
	a.has(phone("p1"), "key 1")
	a.has(phone("p2"), "key 1")
	a.written()
	server.Kill()
	a.isUp(false)
	b.isUp(false)
	wants(t, "on the connection that it has", a.comes(phone("p1"), false), "here ")
	wants(t, "on a new one", a.comes(phone("p1"), true), "doubtful ")
	wants(t, "elsewhere", b.comes(phone("p1"), true), "doubtful ")
	b.has(phone("p1"), "key 2") // it is accepted there all the same
	wants(t, "and waits on", b.comes(phone("p1"), false), "here ")
	server.Run()
	eventually(t, "the former node is told at last", func() bool { return a.lostOnes() == "[p1]" })
	b.written()
	a.written()
	wants(t, "what was learned meanwhile", a.comes(phone("p1"), true), "elsewhere key 2")
	wants(t, "what has not moved", a.comes(phone("p2"), true), "here ")
}

func TestARedisThatHasForgottenAllIsToldAgain(t *testing.T) {
	server, a, b := pair(t)
	a.has(phone("p1"), "key 1")
	a.written()
	server.Ask("FLUSHALL")
	server.Ask("SCRIPT FLUSH")
	server.Ask("CLIENT KILL TYPE pubsub")
	eventually(t, "the other node finds it", func() bool { return b.comes(phone("p1"), true) == "elsewhere key 1" })
}

// Who came as a stranger because nobody could be asked is not one for longer than that.
func TestADoubtIsResolvedWhenRedisIsBack(t *testing.T) {
	server, a, b := pair(t)
	a.has(phone("p1"), "key 1")
	a.written()
	server.Kill()
	b.isUp(false)
	wants(t, "elsewhere", b.comes(phone("p1"), true), "doubtful ")
	wants(t, "one that nobody knows", b.comes(phone("p2"), true), "doubtful ")
	server.Run()
	eventually(t, "it is told", func() bool { return b.foundOnes() == "[p1: key 1]" })
	eventually(t, "none is left", func() bool {
		b.doubts.mu.Lock()
		defer b.doubts.mu.Unlock()
		return len(b.doubts.devices) == 0
	})
}

// A server that takes connections and says nothing is worse than none.
func TestARedisThatHangsHoldsNobodyUpForLong(t *testing.T) {
	server, a, b := pair(t)
	a.has(phone("p1"), "key 1")
	a.written()
	server.Stop()
	for range 1000 { // at a tenth of a second each, the test would not end in time
		wants(t, "a device", b.comes(phone("p1"), true), "doubtful ")
	}
	if b.Up() || len(b.looks) != 0 {
		t.Errorf("up: %v, and %d still look", b.Up(), len(b.looks))
	}
	server.Continue()
	eventually(t, "it is asked again", func() bool { return b.comes(phone("p1"), true) == "elsewhere key 1" })
}

func TestWhatNoNodeHasSealedIsNotBelieved(t *testing.T) {
	server, a, b := pair(t)
	a.has(phone("p1"), "key 1")
	a.has(phone("p2"), "key 1 of another")
	a.written()
	one, two := a.seal.device(phone("p1")), a.seal.device(phone("p2"))
	server.Ask("EVAL \"return redis.call('HSET', KEYS[1], 'state', redis.call('HGET', KEYS[2], 'state'))\" 2 " + one + " " + two)
	wants(t, "another device's", b.comes(phone("p1"), true), "doubtful ")
	server.Ask("HSET " + one + " state rubbish")
	wants(t, "rubbish", b.comes(phone("p1"), true), "doubtful ")
	stranger := newNode(t, server.URL(), func(c *Config) { c.Secret = []byte("another secret, of another fleet") })
	stranger.isUp(true)
	wants(t, "to another fleet", stranger.comes(phone("p1"), true), "here ")
}

func TestAForgottenUserIsForgottenOnAllNodes(t *testing.T) {
	server, a, b := pair(t)
	a.has(phone("p1"), "key 1")
	b.has(phone("p2"), "key 1")
	b.has(heartbeat.Key{Principal: "ben@example.com", Device: "p3", Type: "iPhone"}, "key 1")
	a.written()
	b.written()
	n, err := a.Forget("anna@example.com")
	if n != 2 || err != nil {
		t.Errorf("%d devices, %v, want 2", n, err)
	}
	eventually(t, "the other node is told", func() bool { return strings.Contains(b.words(), "anna@example.com") })
	wants(t, "what is left", server.Ask("DBSIZE"), "1")
}

func TestAWordIsHeardByAllOthers(t *testing.T) {
	server, a, b := pair(t)
	c := newNode(t, server.URL())
	c.isUp(true)
	a.Say(Word{User: "anna", Driver: "lua", Classes: 1})
	for _, n := range []*node{b, c} {
		eventually(t, "a word is heard", func() bool { return n.words() == "[{anna lua 1 }]" })
	}
	wants(t, "who said it", a.words(), "[]")
	server.Ask("PUBLISH " + wordsTo + " forged")
	a.Say(Word{User: "ben"})
	eventually(t, "and the next", func() bool { return b.words() == "[{anna lua 1 } {ben  0 }]" })
}

func TestARefusedPasswordIsNoReasonNotToStart(t *testing.T) {
	server := redis.Start(t)
	a := newNode(t, server.URL(), func(c *Config) { c.Password = "wrong" })
	wants(t, "a device", a.comes(phone("p1"), true), "doubtful ")
	eventually(t, "it says so", a.gone.Load)
}
