package shield

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// world is some devices, a server that refuses some credentials, and what happened: all
// that went up, as a person would write it down who knows nothing of records and pauses.
type world struct {
	*rapid.T
	passwords *Passwords
	logins    int
	now       time.Time
	right     map[string]bool
	log       map[string][]time.Time // by device and credential: what went up and was refused
	last      map[string]string      // by device: the credential that it sent last
	since     map[string]time.Time   // by device and credential: asked in vain since then, again and again
}

func newWorld(t *rapid.T) *world {
	n := rapid.IntRange(FewestLogins, 9).Draw(t, "logins")
	return &world{T: t, passwords: NewPasswords(n, 100), logins: n, now: start, right: map[string]bool{"r": true},
		log: map[string][]time.Time{}, last: map[string]string{}, since: map[string]time.Time{}}
}

// asks has a device ask once, and the server answer at once.
func (w *world) asks(device, credential string) {
	key := device + "/" + credential
	if w.last[device] != credential {
		delete(w.log, key)
		delete(w.since, key)
	}
	w.last[device] = credential
	verdict := w.passwords.Ask(w.now, id(device), id(credential)).Verdict
	if w.passwords.suspects(id(device), id(credential)) && len(w.log[key]) == 0 {
		w.Fatalf("%s is suspected, and was never refused", key)
	}
	switch verdict {
	case Later:
		w.Fatalf("%s is told to come later, with nothing on its way", key)
	case Refuse:
		w.refusedHere(key)
		return
	}
	if w.right[credential] {
		w.passwords.Accepted(id(device), id(credential))
		delete(w.log, key)
		delete(w.since, key)
		return
	}
	again := w.passwords.Refused(w.now, id(device), id(credential))
	if again && len(w.log[key]) == 0 {
		w.Fatalf("%s: refused for the first time, and called an old one", key)
	}
	w.log[key] = append(w.log[key], w.now)
	w.since[key] = w.now
	w.bounded(key)
}

// refusedHere holds that only what the server has refused is refused, and not for longer
// than the pause.
func (w *world) refusedHere(key string) {
	if len(w.log[key]) < w.logins-2 {
		w.Fatalf("%s is refused here after %d refusals of the server", key, len(w.log[key]))
	}
	if waits := w.now.Sub(w.since[key]); waits >= LongestPause {
		w.Fatalf("%s was not let through for %s", key, waits)
	}
}

// bounded holds that in any hour the server was asked no more often than it may be.
func (w *world) bounded(key string) {
	all := w.log[key]
	if n := len(all); n > w.logins && all[n-1].Sub(all[n-1-w.logins]) < time.Hour {
		w.Fatalf("%s: %d logins within %s: %v", key, w.logins+1, all[n-1].Sub(all[n-1-w.logins]), all)
	}
}

func TestWhateverDevicesDoNoHourHasTooManyLoginsAndNobodyElseIsKeptOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		device, credential := rapid.SampledFrom([]string{"a", "b", "c"}), rapid.SampledFrom([]string{"old", "old", "old", "typo", "r"})
		t.Repeat(map[string]func(*rapid.T){
			"ask":       func(t *rapid.T) { w.asks(device.Draw(t, "device"), credential.Draw(t, "credential")) },
			"ask often": func(t *rapid.T) { w.often(device.Draw(t, "device"), credential.Draw(t, "credential"), t) },
			"pass time": func(t *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "seconds")) * time.Second)
			},
			"reset": func(t *rapid.T) { w.right["old"] = !w.right["old"] },
		})
	})
}

// often is a phone that retries.
func (w *world) often(device, credential string, t *rapid.T) {
	every := time.Duration(rapid.IntRange(1, 300).Draw(t, "every")) * time.Second
	for range rapid.IntRange(1, 100).Draw(t, "times") {
		w.asks(device, credential)
		w.now = w.now.Add(every)
	}
}

// A bucket as a person would keep it: a list of when something was taken.
func TestNoRateIsEverExceededAndNobodyIsToldTooShortATime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most, per := rapid.IntRange(1, 20).Draw(t, "most"), time.Duration(rapid.IntRange(1, 600).Draw(t, "per"))*time.Second
		r, now := NewRates(most, per, 10), start
		taken := map[string][]time.Time{}
		due := map[string]time.Time{}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				who := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "who")
				again, ok := r.Take(now, id(who))
				switch {
				case !ok && len(taken[who]) == 0:
					t.Fatalf("%s is refused the first one", who)
				case !ok && (again < time.Second || again > per+time.Second || again%time.Second != 0):
					t.Fatalf("%s is told to come in %s", who, again)
				case !ok:
					due[who] = now.Add(again)
				case ok:
					taken[who] = append(taken[who], now)
					delete(due, who)
				}
				if d, told := due[who]; told && !now.Before(d) && !ok {
					t.Fatalf("%s came when it was told to, and is refused", who)
				}
				all := taken[who]
				for i := range all { // most at once, and what has flowed in since
					if allowed := float64(most) * (1 + now.Sub(all[i]).Seconds()/per.Seconds()); float64(len(all)-i) > allowed+1e-6 {
						t.Fatalf("%s: %d in %s", who, len(all)-i, now.Sub(all[i]))
					}
				}
			},
			"pass time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond)
			},
		})
	})
}
