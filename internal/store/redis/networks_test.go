package redis

import (
	"fmt"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/test/redis"
)

var carrier = heartbeat.Network{Name: "203.0.113.0/24", HTTP: 1}

// learner is a node that shares what it learns of networks.
func learner(t *testing.T, server *redis.Server) (*node, *heartbeat.Networks) {
	t.Helper()
	name := NewNode()
	networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{Node: name})
	n := newNode(t, server.URL(), func(c *Config) { c.Node, c.Networks = name, networks })
	return n, networks
}

func dies(n *heartbeat.Networks, device uint64) {
	n.Asked(time.Now(), carrier, 15*time.Minute)
	n.Observe(time.Now(), carrier, heartbeat.Evidence{Device: device, At: 15 * time.Minute, Died: true})
}

// agree waits until all say the same of the network, of so many deaths.
func agree(t *testing.T, deaths int, all ...*heartbeat.Networks) (a heartbeat.Advice) {
	t.Helper()
	eventually(t, fmt.Sprintf("all nodes know of %d deaths", deaths), func() bool {
		a = all[0].Advise(time.Now(), carrier)
		for _, n := range all {
			if b := n.Advise(time.Now(), carrier); a != b || b.Died != deaths {
				return false
			}
		}
		return true
	})
	return a
}

func TestNodesLearnOfANetworkTogetherAlsoAfterAnOutage(t *testing.T) {
	server := redis.Start(t)
	a, ofA := learner(t, server)
	b, ofB := learner(t, server)
	dies(ofA, 1)
	dies(ofB, 2)
	if got := agree(t, 2, ofA, ofB); got.Interval != 0 {
		t.Errorf("two devices have shown a limit: %+v", got)
	}
	server.Kill()
	a.isUp(false)
	b.isUp(false)
	for range 3 {
		dies(ofA, 1)
		dies(ofB, 2)
		dies(ofB, 3)
	}
	server.Run()
	if got := agree(t, 11, ofA, ofB); got.Interval <= 0 || got.Devices != 3 {
		t.Errorf("three devices died, on both sides of an outage: %+v", got)
	}
	_, ofC := learner(t, server)
	agree(t, 11, ofA, ofC) // one that comes later
}

func TestARedisThatHasForgottenTheNetworksIsToldOfThemAgain(t *testing.T) {
	server := redis.Start(t)
	a, ofA := learner(t, server)
	dies(ofA, 1)
	eventually(t, "it is told", func() bool { return server.Ask("EXISTS "+a.seal.network(carrier)) == "1" })
	server.Ask("FLUSHALL")
	server.Ask("CLIENT KILL TYPE pubsub")
	_, ofB := learner(t, server)
	agree(t, 1, ofA, ofB)
}

func TestANetworkThatNoNodeHasSealedIsNotBelieved(t *testing.T) {
	server := redis.Start(t)
	a, ofA := learner(t, server)
	dies(ofA, 1)
	name := a.seal.network(carrier)
	eventually(t, "it is told", func() bool { return server.Ask("EXISTS "+name) == "1" })
	server.Ask("HSET " + name + " state rubbish version nonsense")
	_, ofB := learner(t, server)
	dies(ofB, 2)
	agree(t, 2, ofA, ofB)
}
