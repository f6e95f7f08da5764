package heartbeat_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
)

// lie lets liars tell every few minutes that a wait died, or lived, at any age.
func (f *fleet) lie(t *rapid.T, liars int, died bool) {
	at := time.Duration(rapid.IntRange(30, 3600).Draw(t, "lie")) * time.Second
	var tell func()
	tell = func() {
		f.networks.Observe(f.now, f.network, heartbeat.Evidence{Device: uint64(f.random.IntN(liars) + 1), At: at, Died: died})
		f.at(3*time.Minute, tell)
	}
	tell()
}

func TestOneLiarOrTwoLowerNobody(t *testing.T) {
	check(t, func(t *rapid.T) {
		f := newFleet(1, time.Hour)
		f.lie(t, rapid.IntRange(1, 2).Draw(t, "liars"), true)
		f.join(rapid.IntRange(0, 5).Draw(t, "honest phones"), lab.Fixed(20*time.Minute))
		for range 24 {
			if f.run(time.Hour); f.advice().Interval != 0 {
				t.Fatalf("%+v", f.advice())
			}
		}
	})
}

func TestLiarsDoNotMoveWhatHonestPhonesFound(t *testing.T) {
	check(t, func(t *rapid.T) {
		f := newFleet(rapid.Uint64().Draw(t, "seed"), aTruth(t, "limit"))
		f.join(12, lab.Fixed(time.Hour))
		f.run(day)
		f.must(t, "before the lies")
		f.lie(t, rapid.IntRange(1, 2).Draw(t, "liars"), true)
		for range 24 {
			f.run(time.Hour)
			f.must(t, "while they lie")
		}
	})
}

// A phone that goes another way lives where the others die.
func TestOneThatSurvivesEverythingRaisesNobody(t *testing.T) {
	check(t, func(t *rapid.T) {
		f := newFleet(rapid.Uint64().Draw(t, "seed"), aTruth(t, "limit"))
		f.join(12, lab.Fixed(time.Hour))
		f.run(day)
		f.must(t, "before")
		f.lie(t, 1, false)
		high := 0
		for range 24 {
			if f.run(time.Hour); f.advice().Interval > f.limit {
				high++
			}
		}
		if high > 2 {
			t.Fatalf("limit %v, the advice was above it in %d of 24 hours", f.limit, high)
		}
	})
}

func TestThreeDevicesThatDiedAreHeard(t *testing.T) {
	networks, net := heartbeat.NewNetworks(heartbeat.NetworksConfig{}), heartbeat.Network{Name: "n", HTTP: 1}
	for device := range uint64(3) {
		if a := networks.Advise(morning, net); a.Interval != 0 || a.Devices != int(device) {
			t.Errorf("after %d devices: %+v", device, a)
		}
		networks.Observe(morning, net, heartbeat.Evidence{Device: device + 1, At: 15 * time.Minute, Died: true})
	}
	if a := networks.Advise(morning, net); a.Interval < 4*time.Minute || a.Interval >= 15*time.Minute || a.Devices != 3 || a.Died != 3 {
		t.Errorf("after three died at 15m: %+v", a)
	}
}
