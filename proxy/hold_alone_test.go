package proxy

import (
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/diastole/diastole/policy"
)

// Who cannot be named waits alone: there is nobody whose wait it could be.
func TestHoldNobodyIsShared(t *testing.T) {
	named := wants{}.raw()
	authorization := "Authorization: " + basic("anna", "secret") + "\r\n"
	for name, raw := range map[string]string{
		"without a DeviceId":                    strings.Replace(named, "&DeviceId=dev1", "", 1),
		"Android's account check":               strings.Replace(named, "DeviceId=dev1", "DeviceId=validate", 1),
		"a user longer than a user can be":      strings.Replace(named, authorization, "Authorization: "+basic(strings.Repeat("a", 300), "secret")+"\r\n", 1),
		"with credentials that nobody can read": strings.Replace(named, authorization, "Authorization: Digest anna\r\n", 1),
	} {
		t.Run(name, func(t *testing.T) {
			inBothWorlds(t, func(w *world) {
				w.lets("secret", "")
				first, second := w.rings(), w.rings()
				first.send(raw)
				one := w.up()
				second.send(raw)
				two := w.up()
				first.hearsNothing(time.Minute)
				one.isHeld()
				two.brings()
				second.gets(two)
				one.brings()
				first.gets(one)
				w.saw(2)
				w.allOver(2)
			})
		})
	}
}

// Tokens rotate: with each new one the device is the same, and the old one is over
// when the server has taken it.
func TestHoldRotatedToken(t *testing.T) {
	inBothWorlds(t, func(w *world) {
		w.lets("token1", "token2")
		w.accepted(wants{password: "token1"})
		first := w.asks(wants{password: "token1"})
		old := w.up()
		second := w.asks(wants{password: "token2"})
		up := w.up()
		old.isHeld()
		up.brings()
		second.gets(up)
		first.released()
		old.isCancelled()
		third := w.asks(wants{password: "token2"})
		up = w.up()
		fourth := w.asks(wants{password: "token2"})
		third.released()
		up.brings()
		fourth.gets(up)
		w.saw(3)
	})
}

// Two that ask for more than they may have are one wait, of what they may have.
func TestHoldClampedWaitsAreShared(t *testing.T) {
	rule, err := policy.Compile(policy.Spec{Mode: policy.Enforce, FirewallIdle: 330 * time.Second, Margin: 30 * time.Second, Clamp: policy.Early})
	if err != nil {
		t.Fatal(err)
	}
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		first := w.asks(wants{interval: "900"})
		up := w.up()
		if string(up.Body) != string(pingOf("300", "1", "2")) {
			w.Errorf("it went up as %q", up.Body)
		}
		second := w.asks(wants{interval: "900"})
		first.released()
		second.hearsNothing(300*time.Second - time.Millisecond)
		time.Sleep(time.Millisecond)
		up.says(pingSays(1))
		second.gets(up)
		w.saw(1)
	}, func(c *Config) { c.Policy = rule })
}

// What lingers holds up no drain, and nothing of it is left.
func TestHoldDrainDoesNotWaitForWhatLingers(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	inBothWorlds(t, func(w *world) {
		w.accepted(wants{})
		phone := w.asks(wants{})
		w.up()
		phone.Close()
		w.left(1)
		w.proxy.Drain(time.Second)
		select {
		case <-w.proxy.Drained():
		case <-time.After(w.patience()):
			w.Error("it is not drained")
		}
	}, lingering(time.Hour))
}

// Old and new connection may be of different kinds.
func TestHoldHTTP2AndHTTP1AreOneDevice(t *testing.T) {
	w := parkedWorld(t)
	client, base := w.overHTTP2()
	other := wants{}
	raw := strings.Replace(other.raw(), "User=anna&", "", 1)
	body := string(other.filled().body())
	w.accepted(wants{})
	type answer struct {
		body string
		err  error
	}
	overH2 := make(chan answer)
	go func() {
		_, got, err := w.askHTTP2(t.Context(), client, base, "Ping", []byte(body))
		overH2 <- answer{got, err}
	}()
	old := w.up()
	phone := w.rings()
	// The same but for the headers that askHTTP2 does not send.
	for _, line := range []string{"MS-ASProtocolVersion: 14.1\r\n", "X-MS-PolicyKey: 1\r\n"} {
		raw = strings.Replace(raw, line, "", 1)
	}
	if _, err := io.WriteString(phone, raw); err != nil {
		t.Fatal(err)
	}
	if got := <-overH2; got.err != nil || got.body != pingSays(1) {
		t.Errorf("over HTTP/2 came %q, %v", got.body, got.err)
	}
	old.brings()
	phone.gets(old)
	w.saw(1)
	w.wantOutcomes("ping early", "ping changed")
}
