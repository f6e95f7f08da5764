package bench

import (
	"crypto/tls"
	"fmt"
	"time"
)

// hold: memory, descriptors and segments while all phones wait.
func (v *tour) hold() error {
	// What a proxy needs for its first phone, it does not need for each.
	if _, err := v.talk(talkers, talkers, "Settings"); err != nil {
		return err
	}
	time.Sleep(calm) // their connections are gone
	before, err := v.used()
	if err != nil {
		return err
	}
	if err := v.server.do("Expect", v.waits, nil); err != nil {
		return err
	}
	if err := v.phones.do("Connect", v.crowd(), nil); err != nil {
		return err
	}
	if _, err := v.awaitHeld(); err != nil {
		return err
	}
	segments, err := v.rest()
	if err != nil {
		return err
	}
	after, err := v.used()
	if err != nil {
		return err
	}
	waits := float64(v.waits)
	var version uint16
	if err := v.phones.do("Version", none{}, &version); err != nil {
		return err
	}
	v.seen[tlsVersion] = 1 + float64(version-tls.VersionTLS10)/10
	v.seen[memory] = (after.pss - before.pss) / waits
	v.seen[descriptors] = float64(after.descriptors-before.descriptors) / waits
	v.seen[segmentsPerHold] = segments / waits * float64(15*time.Minute) / float64(v.settle-calm)
	return nil
}

// crowd is all phones, 500 in a second: Pushpin refuses some that come faster.
func (v *tour) crowd() Crowd {
	return Crowd{Addr: v.site.address, Phones: v.waits, Within: time.Second * time.Duration(v.waits) / 500, Asking: true}
}

// rest lets all processes come to rest and returns how many segments came to
// the phones meanwhile. All of them must still wait at its end.
func (v *tour) rest() (segments float64, err error) {
	time.Sleep(calm)
	var before, after Waiting
	if err := v.phones.do("Waiting", none{}, &before); err != nil {
		return 0, err
	}
	time.Sleep(v.settle - calm)
	if err := v.phones.do("Waiting", none{}, &after); err != nil {
		return 0, err
	}
	if after.Phones < v.waits {
		return 0, fmt.Errorf("only %d of %d phones still wait after %v; one does not because of: %s", after.Phones, v.waits, v.settle, after.Why)
	}
	return float64(after.Segments - before.Segments), nil
}

// awaitHeld waits until the server has seen all devices wait for a while
// without a gap, and returns since when: a proxy that tells it late that a phone
// is gone would otherwise look as if all were back.
func (v *tour) awaitHeld() (since int64, err error) {
	var held Held
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := v.server.do("Held", none{}, &held); err != nil {
			return 0, err
		}
		if held.Full != 0 && now()-held.Full > calm.Nanoseconds() {
			return held.Full, nil
		}
	}
	return 0, fmt.Errorf("after %v the server holds waits of %d devices, not of %d", patience, held.Devices, v.waits)
}

// wake: the server answers all waits at one moment.
func (v *tour) wake() error {
	var began int64
	if err := v.server.do("Release", none{}, &began); err != nil {
		return err
	}
	var woken Woken
	if err := v.phones.do("Woken", none{}, &woken); err != nil {
		return err
	}
	if n := len(woken.At); n > 0 {
		took := func(i int) float64 { return float64(woken.At[i]-began) / 1e9 }
		v.seen[wakeMedian], v.seen[wakeP99], v.seen[wakeMax] = took(n/2), took(n*99/100), took(n-1)
	}
	if woken.Lost > 0 {
		return fmt.Errorf("%d phones were not woken: %s", woken.Lost, woken.Why)
	}
	return nil
}

// holdAgain: the next wait on the same connections.
func (v *tour) holdAgain() error {
	if err := v.server.do("Expect", v.waits, nil); err != nil {
		return err
	}
	if err := v.phones.do("Ask", none{}, nil); err != nil {
		return err
	}
	_, err := v.awaitHeld()
	return err
}

// storm: all phones lose their connection and come back within a second. It may
// be that not all succeed; that is a result, too.
func (v *tour) storm() error {
	if err := v.server.do("Expect", v.waits, nil); err != nil {
		return err
	}
	var before, after Waiting
	if err := v.phones.do("Waiting", none{}, &before); err != nil {
		return err
	}
	var s Storm
	if err := v.phones.do("Storm", none{}, &s); err != nil {
		return err
	}
	since, notHeld := v.awaitHeld()
	if err := v.phones.do("Waiting", none{}, &after); err != nil {
		return err
	}
	v.seen[stormLost] = float64(v.waits - after.Phones)
	v.seen[refused] = float64(after.Refused - before.Refused)
	switch {
	case after.Phones < v.waits:
	case notHeld != nil:
		return notHeld
	default:
		v.seen[stormSent] = float64(s.Sent-s.Cut) / 1e9
		if !v.atEdge {
			v.seen[stormHeld] = float64(max(since, s.Sent)-s.Cut) / 1e9
		}
	}
	return v.phones.do("Cut", none{}, nil)
}
