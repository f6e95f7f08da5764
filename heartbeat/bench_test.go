package heartbeat_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// people gives n devices as they are found in the field.
func people(n int) []heartbeat.Key {
	keys := make([]heartbeat.Key, n)
	for i := range keys {
		keys[i] = heartbeat.Key{Principal: fmt.Sprintf("firstname.lastname%d@example.com", i), Device: fmt.Sprintf("ApplF%027d", i), Type: "iPhone"}
	}
	return keys
}

// oneWait is a wait from its beginning to its proof.
func oneWait(t *heartbeat.Tracker, k heartbeat.Key, now time.Time, n heartbeat.Network) (heartbeat.Evidence, bool) {
	t.Asked(k, now, n, 12*time.Minute)
	return t.Ended(k, now.Add(12*time.Minute), heartbeat.Wait{Network: n, Asked: 12 * time.Minute, Given: 12 * time.Minute,
		Held: 12 * time.Minute, Outcome: heartbeat.Expired, Proof: heartbeat.Acked})
}

func allocated() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A device costs less than 512 bytes, all told, and the tracker never holds more of
// them than it may.
func TestADeviceIsSmall(t *testing.T) {
	const devices = 50_000
	tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{Devices: devices})
	before := allocated()
	for i := range 2 * devices {
		k := heartbeat.Key{Principal: fmt.Sprintf("firstname.lastname%d@example.com", i), Device: fmt.Sprintf("ApplF%027d", i), Type: "iPhone"}
		oneWait(tracker, k, morning, heartbeat.Network{Name: fmt.Sprintf("network %d", i%100), HTTP: 1})
	}
	each := (allocated() - before) / devices
	t.Logf("%d bytes a device", each)
	if tracker.Len() != devices || each > 512 {
		t.Errorf("%d devices are known, %d may be; %d bytes each, at most 512", tracker.Len(), devices, each)
	}
}

// With a million devices: what a whole wait costs in the tracker (two calls).
func BenchmarkTrackerWait(b *testing.B) {
	const devices = 1_000_000
	keys := people(devices)
	before := allocated()
	tracker := heartbeat.NewTracker(heartbeat.TrackerConfig{Devices: devices})
	for _, k := range keys {
		oneWait(tracker, k, morning, office)
	}
	b.ReportMetric(float64(allocated()-before)/devices, "B/device")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		oneWait(tracker, keys[i*7919%devices], morning, office)
		i++
	}
}

// Evidence that changes the belief, and the advice drawn anew after each.
func BenchmarkObserve(b *testing.B) {
	networks := learned()
	b.ReportAllocs()
	now := morning
	for i := uint64(0); b.Loop(); i++ {
		now = now.Add(time.Second)
		networks.Observe(now, office, heartbeat.Evidence{Device: i % 100, At: 12 * time.Minute, Died: i%10 == 0})
	}
}

func BenchmarkObserveAndAdvise(b *testing.B) {
	networks := learned()
	b.ReportAllocs()
	now := morning
	for i := uint64(0); b.Loop(); i++ {
		now = now.Add(time.Second)
		networks.Observe(now, office, heartbeat.Evidence{Device: i % 100, At: 12 * time.Minute, Died: i%10 == 0})
		networks.Allow(now, office, i%100, 15*time.Minute)
	}
}

func BenchmarkAdvise(b *testing.B) {
	networks := learned()
	b.ReportAllocs()
	for b.Loop() {
		networks.Advise(morning, office)
	}
}

func learned() *heartbeat.Networks {
	networks := heartbeat.NewNetworks(heartbeat.NetworksConfig{})
	for i := range uint64(100) {
		networks.Observe(morning, office, heartbeat.Evidence{Device: i, At: 15 * time.Minute, Died: true})
		networks.Observe(morning, office, heartbeat.Evidence{Device: i, At: 13 * time.Minute})
	}
	return networks
}
