package nodes

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// What was measured: TestWhatAWaitAndAMoveCostRedis.
const (
	operationsOfWait = 1.3 // also of what a phone fetches between two waits
	operationsOfMove = 2.0 // to another node: one look, one claim
)

// fleetOf is a million devices, in front of which stand some nodes.
type fleetOf struct {
	name   string
	wait   time.Duration // that phones ask for
	mail   time.Duration // between two mails of one user, in a busy hour
	safety time.Duration // wake.safety
	moves  float64       // chance that a wait comes to another node than the one before
}

// perSecond is what happens in a second, for all devices.
type perSecond struct{ waits, checks, redis, words float64 }

// simulated lives through an hour with every fiftieth device.
func (f fleetOf) simulated(seed uint64) (all perSecond) {
	const devices, of, hour = 20_000, 50, float64(3600)
	random := rand.New(rand.NewPCG(seed, 1))
	for range devices {
		now := -random.Float64() * f.wait.Seconds() // it is in the middle of a wait
		for now < hour {
			length := f.wait.Seconds()
			mail := random.ExpFloat64() * f.mail.Seconds()
			found := mail < length
			if found {
				length = mail
			}
			if now >= 0 {
				all.waits++
				all.checks++ // with which a wait begins
				all.redis += operationsOfWait
				if random.Float64() < f.moves {
					all.redis += operationsOfMove
				}
			}
			for at := now + f.safety.Seconds(); at < now+length; at += f.safety.Seconds() {
				if at >= 0 && at < hour {
					all.checks++
				}
			}
			now += length
			if found && now >= 0 && now < hour {
				all.words++
				all.checks++
				all.redis += 1 + operationsOfWait // the word, and what the phone fetches
			}
		}
	}
	for _, n := range []*float64{&all.waits, &all.checks, &all.redis, &all.words} {
		*n *= of / hour
	}
	return all
}

// The table of docs/scale.md is what comes out here.
func TestAMillionDevicesInNumbers(t *testing.T) {
	page, err := os.ReadFile("../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []fleetOf{
		{"phones stay at their node", 15 * time.Minute, 30 * time.Minute, 5 * time.Minute, 0.05},
		{"every wait at any of 20 nodes", 15 * time.Minute, 30 * time.Minute, 5 * time.Minute, 0.95},
		{"the same, `wake.safety: 15m`", 15 * time.Minute, 30 * time.Minute, 15 * time.Minute, 0.95},
		{"at night: a mail in six hours", 28 * time.Minute, 6 * time.Hour, 15 * time.Minute, 0.05},
	} {
		s := f.simulated(7)
		row := fmt.Sprintf("| %s | %.0f | %.0f | %.0f | %.0f |", f.name, s.waits, s.checks, s.redis, s.words)
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/scale.md has no line\n%s", row)
		}
	}
}
