package redis

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/test/redis"
)

// havingThirtyFolders is what is known of a usual device: thirty folders, of which it
// syncs ten (docs/operating.md reckons with the same).
func havingThirtyFolders(device string) []byte {
	type folder struct {
		ID     string `json:"id"`
		Parent string `json:"parent"`
		Name   string `json:"name"`
		Type   int    `json:"type"`
	}
	type collection struct {
		ID     string `json:"id"`
		Key    string `json:"key"`
		Filter int    `json:"filter"`
	}
	var state struct {
		Ladder heartbeat.DeviceSnapshot
		Has    struct {
			Device      string       `json:"device"`
			Collections []collection `json:"collections"`
			Tree        []folder     `json:"tree"`
		}
		Accepted [16]byte
	}
	state.Has.Device = device
	for i := range 30 {
		state.Has.Tree = append(state.Has.Tree, folder{fmt.Sprint(i), "0", fmt.Sprintf("Folder %d of %s", i, device), 12})
		if i < 10 {
			state.Has.Collections = append(state.Has.Collections, collection{fmt.Sprint(i), fmt.Sprintf("{5f3c6b1e-%s}%d", device, i), 3})
		}
	}
	for range 8 {
		state.Ladder.Last = append(state.Ladder.Last, heartbeat.Ended{When: time.Now(), Asked: 15 * time.Minute, Given: 15 * time.Minute, Held: 15 * time.Minute, Outcome: heartbeat.Expired})
	}
	text, _ := json.Marshal(state) // plain data
	return text
}

// memoryOf is what Redis says that it uses, in bytes.
func memoryOf(r *redis.Server) (bytes int) {
	for line := range strings.Lines(r.Ask("INFO memory")) {
		if value, is := strings.CutPrefix(strings.TrimSpace(line), "used_memory:"); is {
			bytes, _ = strconv.Atoi(value)
		}
	}
	return bytes
}

// What one node can have written in a second, and what a device takes in Redis.
func BenchmarkDevicesAreClaimedAndWritten(b *testing.B) {
	server := redis.Start(b)
	state := havingThirtyFolders("a device")
	n := newNode(b, server.URL(), func(c *Config) {
		c.State = func(heartbeat.Key) ([]byte, bool) { return state, true }
	})
	n.isUp(true)
	before := memoryOf(server)
	b.ResetTimer()
	for i := range b.N {
		n.Holds(phone(fmt.Sprint("device ", i%mostDevices)))
	}
	n.flush()
	for _, dirty := n.table.len(); dirty > 0; _, dirty = n.table.len() {
		n.flush()
	}
	b.StopTimer()
	b.ReportMetric(float64(memoryOf(server)-before)/float64(min(b.N, mostDevices)), "redis-bytes/device")
	b.ReportMetric(float64(len(havingThirtyFolders("device 1"))), "bytes/state")
}

// What a device that comes from another node waits for.
func BenchmarkADeviceIsLookedUp(b *testing.B) {
	server := redis.Start(b)
	one, two := newNode(b, server.URL()), newNode(b, server.URL())
	one.isUp(true)
	two.isUp(true)
	one.has(phone("p1"), string(havingThirtyFolders("p1")))
	one.written()
	for b.Loop() {
		if _, arrival := two.Arrive(phone("p1"), true); arrival != Elsewhere {
			b.Fatal(arrival)
		}
	}
}

// What it costs to tell the others of a network of which much was seen, and what that
// takes in Redis.
func BenchmarkANetworkIsMerged(b *testing.B) {
	server := redis.Start(b)
	name := NewNode()
	networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{Node: name})
	n := newNode(b, server.URL(), func(c *Config) { c.Node, c.Networks, c.pace.merge = name, networks, time.Hour })
	n.isUp(true)
	now := time.Now()
	for i := range 400 {
		networks.Asked(now, carrier, time.Duration(300+i)*time.Second)
		networks.Observe(now, carrier, heartbeat.Evidence{Device: uint64(i), At: time.Duration(300+3*i) * time.Second, Died: i%10 == 0})
	}
	for b.Loop() {
		networks.Asked(now, carrier, 15*time.Minute)
		n.mergeDue()
	}
	bytes, _ := strconv.Atoi(server.Ask("MEMORY USAGE " + n.seal.network(carrier)))
	b.ReportMetric(float64(bytes), "redis-bytes/network")
}
