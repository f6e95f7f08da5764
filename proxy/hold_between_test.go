package proxy

import (
	"testing"
	"time"

	"github.com/diastole/diastole/policy"
)

// A Sync changes what a Ping watches: what the server holds was asked about the
// state before.
func TestHoldSyncBetweenReleasesThePing(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		ping := w.asks(wants{})
		old := w.up()
		if code := w.command(wants{cmd: "Sync"}); code != 200 {
			w.Fatalf("the Sync was answered %d", code)
		}
		ping.released()
		old.isCancelled()
		next := w.asks(wants{})
		up := w.up()
		up.brings()
		next.gets(up)
		w.saw(2)
		w.allOver(2)
	})
}

// A Sync that fails has changed nothing.
func TestHoldRefusedSyncReleasesNobody(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		ping := w.asks(wants{})
		up := w.up()
		if code := w.command(wants{cmd: "Sync", password: "guessed"}); code != 401 {
			w.Fatalf("the Sync was answered %d", code)
		}
		ping.hearsNothing(time.Minute)
		up.isHeld()
		up.brings()
		ping.gets(up)
		w.saw(1)
	})
}

// Any other command may have changed something too: the wait goes on, but who asks
// anew after it wants the server's word on the new state.
func TestHoldOtherCommandBetweenMakesTheNextWaitANewOne(t *testing.T) {
	for _, cmd := range []string{"FolderSync", "SendMail", "Provision"} {
		t.Run(cmd, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.accepted(wants{})
				first := w.asks(wants{})
				old := w.up()
				w.command(wants{cmd: cmd})
				first.hearsNothing(time.Minute)
				old.isHeld()
				second := w.asks(wants{})
				up := w.up()
				first.released()
				old.isCancelled()
				up.brings()
				second.gets(up)
				w.saw(2)
			})
		})
	}
}

// Another device's commands, and another user's, touch nobody's wait.
func TestHoldCommandsOfOthersTouchNobody(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		first := w.asks(wants{})
		up := w.up()
		w.command(wants{cmd: "Sync", device: "dev2"})
		w.command(wants{cmd: "Sync", user: "bert"})
		first.hearsNothing(time.Minute)
		second := w.asks(wants{})
		first.released()
		up.brings()
		second.gets(up)
		w.saw(1)
	})
}

// Other credentials are never let into what the server gave to these.
func TestHoldOtherPasswordRefused(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		old := w.asks(wants{})
		up := w.up()
		if code := w.command(wants{password: "guessed"}); code != 401 {
			w.Errorf("answered %d, want the server's 401", code)
		}
		old.hearsNothing(time.Minute)
		up.isHeld()
		up.brings()
		old.gets(up)
		w.allOver(2)
		w.wantOutcomes("ping refused", "ping changed")
	})
}

// The password was changed: once the server has taken the new one, nobody waits
// with the old one any more.
func TestHoldOtherPasswordAccepted(t *testing.T) {
	for _, cmd := range []string{"FolderSync", "Sync", "Ping"} {
		t.Run(cmd, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.accepted(wants{})
				old := w.asks(wants{})
				up := w.up()
				w.lets("secret", "changed")
				if cmd != "Ping" {
					w.command(wants{cmd: cmd, password: "changed"})
				} else {
					next := w.asks(wants{password: "changed"})
					own := w.up()
					old.hearsNothing(time.Minute)
					up.isHeld()
					own.brings()
					next.gets(own)
				}
				old.released()
				up.isCancelled()
			})
		})
	}
}

// And the old one's next wait is the server's to judge.
func TestHoldOldPasswordInheritsNothing(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		w.lets("changed")
		w.accepted(wants{password: "changed"})
		next := w.asks(wants{password: "changed"})
		up := w.up()
		if code := w.command(wants{}); code != 401 {
			w.Errorf("answered %d, want the server's 401", code)
		}
		next.hearsNothing(time.Minute)
		up.brings()
		next.gets(up)
		w.saw(1)
	})
}

// Whoever knows a device and its user, but not the password, learns nothing: not
// from the answer, and not from how long it takes.
func TestHoldAttackerLearnsNothing(t *testing.T) {
	attacks := map[string]wants{
		"same Ping":              {},
		"empty Ping":             {empty: true},
		"other interval":         {interval: "900"},
		"interval over the max.": {interval: "3540"},
		"hanging Sync":           {cmd: "Hang"},
		"Sync":                   {cmd: "Sync"},
		"FolderSync":             {cmd: "FolderSync"},
	}
	refusing, err := policy.Compile(policy.Spec{Mode: policy.Enforce, FirewallIdle: 630 * time.Second, Margin: 30 * time.Second, Clamp: policy.Refuse})
	if err != nil {
		t.Fatal(err)
	}
	for name, attack := range attacks {
		for _, rule := range []*policy.Policy{nil, refusing} {
			t.Run(name, func(t *testing.T) {
				inABubble(t, func(w *world) {
					w.accepted(wants{})
					w.desk.refusal = 2 * time.Second
					attack.password = "guessed"
					before, without := w.attacked(attack)
					victim := w.asks(wants{})
					up := w.up()
					during, with := w.attacked(attack)
					if without != 2*time.Second || with != without {
						w.Errorf("refused after %v with nobody waiting, after %v during a wait", without, with)
					}
					if before.code != 401 || during.code != 401 || during.header.Get("X-Token") != "401" {
						w.Errorf("got %+v and %+v, want the server's 401", before, during)
					}
					victim.hearsNothing(time.Minute)
					up.isHeld()
					up.brings()
					victim.gets(up)
					w.saw(1)
				}, func(c *Config) { c.Policy = rule })
			})
		}
	}
}

// attacked asks with a password that was guessed.
func (w *world) attacked(q wants) (got reply, took time.Duration) {
	h, began := w.asks(q), time.Now()
	defer h.Close()
	got = h.reply()
	return got, time.Since(began)
}

// What the attacker asks does not count as the device's own last word either.
func TestHoldAttackerDoesNotChangeWhatIsInherited(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		first := w.asks(wants{})
		up := w.up()
		for _, cmd := range []string{"FolderSync", "Sync", "Ping"} {
			w.command(wants{cmd: cmd, password: "guessed", interval: "60"})
		}
		second := w.asks(wants{})
		first.released()
		up.brings()
		second.gets(up)
		w.saw(1)
	})
}
