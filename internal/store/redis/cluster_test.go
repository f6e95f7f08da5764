package redis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/test/redis"
)

// All that is done goes through a cluster of three, where no command may touch keys of
// two slots.
func TestEverythingGoesThroughACluster(t *testing.T) {
	server := redis.StartCluster(t)
	url := strings.TrimSuffix(server.URL(), "/0")
	member := func() (*node, *heartbeat.Networks) {
		name := NewNode()
		networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{Node: name})
		n := newNode(t, url, func(c *Config) { c.Cluster, c.Node, c.Networks = true, name, networks })
		n.isUp(true)
		return n, networks
	}
	a, ofA := member()
	b, ofB := member()
	for i := range 50 {
		a.has(phone(fmt.Sprint("p", i)), "key 1")
	}
	a.written()
	for i := range 50 {
		wants(t, "a device that moves", b.comes(phone(fmt.Sprint("p", i)), true), "elsewhere key 1")
		b.Holds(phone(fmt.Sprint("p", i)))
	}
	eventually(t, "the former node is told", func() bool { return len(strings.Fields(a.lostOnes())) == 50 })
	for i := range 20 {
		n := heartbeat.Network{Name: fmt.Sprintf("203.0.%d.0/24", i), HTTP: 1}
		ofA.Observe(time.Now(), n, heartbeat.Evidence{Device: 1, At: time.Minute})
		eventually(t, "a network is known to both", func() bool { return ofB.Advise(time.Now(), n).Survived == 1 })
	}
	a.Say(Word{User: "anna"})
	eventually(t, "a word is heard", func() bool { return b.words() == "[{anna  0 }]" })
	if err := a.Files().Set(t.Context(), "one", []byte("value")); err != nil {
		t.Error(err)
	}
	if got, err := b.Files().Get(t.Context(), "one"); string(got) != "value" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	b.written()
	if n, err := b.Forget("anna@example.com"); n != 50 || err != nil {
		t.Errorf("%d devices are forgotten, %v, want 50", n, err)
	}
}
