package jmap

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/internal/wake"
)

func TestAPushSubscriptionIsVerifiedAndTellsOfChanges(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		second := w.watch(anna())
		if got := p.Covers(); got != wake.Inbox|wake.Mail|wake.Other || second.Covers() != got {
			t.Errorf("covers %b", got)
		}
		w.deliver("anna")
		synctest.Wait()
		if p.heard() != 1 || second.heard() != 1 {
			t.Error("the delivery was not heard of by both")
		}
		if now, made := w.jmap.Subscriptions(); now != 1 || made != 1 || w.jmap.Streams() != 0 {
			t.Errorf("%d subscriptions, %d made, %d streams; want one subscription and no stream", now, made, w.jmap.Streams())
		}
	})
}

func TestASubscriptionIsDestroyedWhenNobodyWaits(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		first, second := w.listening(anna()), w.watch(anna())
		first.Leave()
		settle()
		if now, _ := w.jmap.Subscriptions(); now != 1 {
			t.Fatal("destroyed while somebody waits")
		}
		second.Leave()
		settle()
		if now, _ := w.jmap.Subscriptions(); now != 0 || len(w.source.door.ears) != 0 {
			t.Errorf("%d subscriptions and %d paths are left", now, len(w.source.door.ears))
		}
		w.listening(anna())
		w.source.Close()
		if now, _ := w.jmap.Subscriptions(); now != 0 {
			t.Error("closing leaves a subscription")
		}
	})
}

func TestASubscriptionIsRenewedAtTwoThirdsOfItsLife(t *testing.T) {
	for life, span := range map[time.Duration]time.Duration{0: 100 * time.Hour, time.Hour: 10 * time.Hour, 90 * time.Second: time.Hour} {
		t.Run(life.String(), func(t *testing.T) {
			inPushWorld(t, lab.JMAPConfig{MaxExpires: life}, func(w *world) {
				p := w.listening(anna())
				time.Sleep(span)
				w.deliver("anna")
				synctest.Wait()
				now, made := w.jmap.Subscriptions()
				if p.heard() != 1 || now != 1 || made != 1 {
					t.Errorf("%d now, %d made: %v", now, made, w.logs.All())
				}
				if life == 0 { // as long as is asked for
					life = 24 * time.Hour
				}
				renewed, want := w.count("subscriptions_renewed_total", ""), float64(span/(life*2/3))
				if renewed < want || renewed > want+1 {
					t.Errorf("renewed %v times, want about %v", renewed, want)
				}
			})
		})
	}
}

func TestAServerThatGivesNoLifeIsNotAskedWithoutPause(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{MaxExpires: 5 * time.Second}, func(w *world) {
		p := w.watch(anna())
		time.Sleep(time.Hour)
		now, made := w.jmap.Subscriptions()
		if p.Covers() != 0 || now != 0 || made > 12 || w.count("failures_total", "expired") != float64(made) {
			t.Errorf("%d subscriptions now, %d made", now, made)
		}
	})
}

func TestASubscriptionThatTheServerForgotIsMadeAnew(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		w.jmap.Forget()
		w.deliver("anna")
		time.Sleep(lookEvery + 5*time.Second)
		if n := p.heard(); n != 1 || p.Covers() == 0 {
			t.Errorf("heard %d, covers %b", n, p.Covers())
		}
		if now, made := w.jmap.Subscriptions(); now != 1 || made != 2 {
			t.Errorf("%d now, %d made", now, made)
		}
		w.deliver("anna")
		synctest.Wait()
		if p.heard() != 1 {
			t.Error("the new one tells nothing")
		}
	})
}

func TestAPushThatIsLostIsFoundByLooking(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		w.jmap.Lose(true)
		w.deliver("anna")
		time.Sleep(lookEvery)
		if p.heard() != 1 {
			t.Error("not found")
		}
		time.Sleep(5 * lookEvery)
		if p.heard() != 0 || p.Covers() == 0 {
			t.Error("found again and again")
		}
	})
}

func TestWithoutItsCodeASubscriptionCoversNothing(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.source.door.close() // the server cannot reach us
		p := w.watch(anna())
		time.Sleep(30 * time.Second)
		if p.Covers() != 0 {
			t.Error("covered before it is verified")
		}
		time.Sleep(40 * time.Second)
		if w.count("failures_total", "unverified") != 1 {
			t.Error("not given up")
		}
		said := w.logs.FilterLevelExact(zapcore.WarnLevel).All()
		if len(said) != 1 || !strings.Contains(fmt.Sprint(said[0].ContextMap()["why"]), "can it reach it?") {
			t.Errorf("said %v", said)
		}
		if now, _ := w.jmap.Subscriptions(); now != 0 {
			t.Error("what was never verified is left at the server")
		}
	})
}

func TestAServerWithoutPushSubscriptionsIsSaidToHaveNone(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.jmap = w.lab.JMAP(lab.JMAPConfig{}) // the same server, without
		p := w.watch(anna())
		time.Sleep(time.Hour)
		if n := w.count("failures_total", "unsupported"); n < 3 || n > 4 || p.Covers() != 0 {
			t.Errorf("asked %v times in an hour", n)
		}
	})
}

// post sends a body to a path of the push URL, as somebody does who has found it.
func (w *world) post(method, path, body string) int {
	w.Helper()
	transport := &http.Transport{DialContext: w.door.Dial}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(context.Background(), method, "http://edge.test"+path, bytes.NewReader([]byte(body)))
	if err != nil {
		w.Fatal(err)
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); len(text) > 0 {
		w.Errorf("%s %s is told %q", method, path, text)
	}
	return answer.StatusCode
}

// secret is the path of the one subscription that there is.
func (w *world) secret() (path string) {
	w.source.door.mu.Lock()
	defer w.source.door.mu.Unlock()
	for path = range w.source.door.ears {
	}
	return path
}

const change = `{"@type":"StateChange","changed":{"anna":{"Email":"s77"}}}`

func TestOnlyThePathsOfStandingSubscriptionsAreTaken(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		secret := w.secret()
		if len(secret) < 26 { // 128 bits in base 32
			t.Fatalf("the path is %q", secret)
		}
		for _, path := range []string{"/", "/push", "/push/", "/push/x", "/push/" + secret[:25], "/push/" + secret + "/x", "/push/" + strings.ToLower(secret)} {
			if code := w.post("POST", path, change); code != 404 {
				t.Errorf("%s: %d", path, code)
			}
		}
		if code := w.post("GET", "/push/"+secret, ""); code != 404 {
			t.Errorf("GET: %d", code)
		}
		if p.heard() != 0 {
			t.Error("somebody who knows no path has woken a phone")
		}
		for _, path := range []string{"/push/" + secret, "/" + secret} { // a proxy may cut the prefix off
			if code := w.post("POST", path, strings.Replace(change, "s77", path, 1)); code != 204 || p.heard() != 1 {
				t.Errorf("%s: %d", path, code)
			}
		}
		p.Leave()
		settle()
		if code := w.post("POST", "/push/"+secret, change); code != 404 {
			t.Errorf("after the end: %d", code)
		}
	})
}

func TestWhatIsPostedIsBoundedAndRead(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		p := w.listening(anna())
		path := "/push/" + w.secret()
		for body, want := range map[string]int{
			"": 400, "{": 400, "[]": 400, "{}": 400, `{"@type":"Weather"}`: 400, `{"@type":"StateChange","changed":[]}`: 400,
			strings.Repeat(" ", postSize) + change:                   400,
			`{"@type":"StateChange","changed":{}}`:                   204,
			`{"@type":"StateChange","changed":null}`:                 204,
			`{"@type":"PushVerification"}`:                           204, // dropped: it is verified
			`{"@type":"StateChange","@type":"Else"}`:                 400,
			`{"@type":"StateChange","changed":{"x":{"Email":"s9"}}}`: 204,
		} {
			if code := w.post("POST", path, body); code != want {
				t.Errorf("%.60q: %d, want %d", body, code, want)
			}
		}
		for range 20 { // a flood of codes blocks nobody
			w.post("POST", path, `{"@type":"PushVerification","pushSubscriptionId":"P1","verificationCode":"no"}`)
		}
		if p.heard() != 0 || p.Covers() == 0 {
			t.Errorf("woken, or not covered any more: %v", w.logs.All())
		}
	})
}

func TestACodeForAnotherSubscriptionIsNotGivenBack(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.lab.Inject(lab.Fault{Kind: lab.FaultSlow, After: 10 * time.Second, Match: lab.OnPath("/jmap/api"), Times: 1})
		p := w.watch(anna())
		synctest.Wait()
		path := "/push/" + w.secret() // the subscription is asked for, the answer is on its way
		w.post("POST", path, `{"@type":"PushVerification","pushSubscriptionId":"P9","verificationCode":"code-9"}`)
		time.Sleep(20 * time.Second)
		if p.Covers() == 0 || w.count("failures_total", "unverified") != 0 {
			t.Errorf("the wrong code was given back, or hid the right one: %v", w.logs.All())
		}
	})
}

func TestMorePostsThanThereIsRoomForAreToldToComeBack(t *testing.T) {
	inPushWorld(t, lab.JMAPConfig{}, func(w *world) {
		w.listening(anna())
		for range mostPost {
			w.source.door.busy <- struct{}{}
		}
		if code := w.post("POST", "/push/"+w.secret(), change); code != 503 {
			t.Errorf("%d", code)
		}
	})
}
