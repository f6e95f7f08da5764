package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// jmap asks for a path and gives status and body.
func (w *world) jmap(method, path, body string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, "http://lab.test"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth("anna", "secret")
	answer, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(bytes.TrimSpace(text))
}

// stateOf asks for the state of a type.
func (w *world) stateOf(kind string) string {
	w.t.Helper()
	_, text := w.jmap("POST", "/jmap/api", `{"using":[],"methodCalls":[["`+kind+`/get",{"accountId":"anna","ids":[]},"a"]]}`)
	var said struct {
		MethodResponses []jmapCall `json:"methodResponses"`
	}
	if err := json.Unmarshal([]byte(text), &said); err != nil || len(said.MethodResponses) != 1 || said.MethodResponses[0].name != kind+"/get" {
		w.t.Fatalf("%v: %s", err, text)
	}
	var args struct{ State string }
	if err := json.Unmarshal(said.MethodResponses[0].args, &args); err != nil {
		w.t.Fatal(err)
	}
	return args.State
}

// stream opens an event stream and gives its lines.
func (w *world) stream(query, last string) (lines *bufio.Scanner, leave func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://lab.test/jmap/events?"+query, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth("anna", "secret")
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := w.client.Do(r)
	if err != nil || answer.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatal(answer, err)
	}
	return bufio.NewScanner(answer.Body), func() { cancel(); answer.Body.Close() }
}

func TestTheSessionIsFoundByItsWellKnownName(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		if code, _ := w.jmap("GET", "/.well-known/jmap", ""); code != 404 {
			t.Errorf("%d from a server that speaks no JMAP", code)
		}
		w.server.JMAP(JMAPConfig{})
		code, text := w.jmap("GET", "/.well-known/jmap", "")
		if code != 200 || !strings.Contains(text, `"eventSourceUrl":"/jmap/events?types={types}`) {
			t.Errorf("%d %s", code, text)
		}
	})
}

func TestAStateMovesWithItsDataAndWithNothingElse(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.server.JMAP(JMAPConfig{})
		all := func() (states [4]string) {
			for i, kind := range []string{"Email", "Mailbox", "Calendar", "AddressBook"} {
				states[i] = w.stateOf(kind)
			}
			return states
		}
		before := all()
		if again := all(); again != before {
			t.Errorf("states move alone: %v, %v", before, again)
		}
		id, _ := w.server.Deliver("anna", "", Mail{})
		if now := all(); now[0] == before[0] || now[1] == before[1] || now[2] != before[2] || now[3] != before[3] {
			t.Errorf("a delivery: %v, %v", before, now)
		}
		before = all()
		w.server.MarkRead("anna", id, true)
		if now := all(); now[0] == before[0] || now[1] != before[1] {
			t.Errorf("a flag: %v, %v", before, now)
		}
		before = all()
		w.server.AddFolder("anna", "Team", "Calendar")
		if now := all(); now[2] == before[2] || now[0] != before[0] || now[3] != before[3] {
			t.Errorf("a calendar: %v, %v", before, now)
		}
	})
}

func TestAStreamTellsOfChangesAndPingsAndWhatWasMissed(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		j := w.server.JMAP(JMAPConfig{})
		lines, leave := w.stream("types=Email&closeafter=no&ping=60", "")
		begun := time.Now()
		lines.Scan()
		if lines.Text() != "event: ping" || time.Since(begun) != time.Minute {
			t.Errorf("%q after %v", lines.Text(), time.Since(begun))
		}
		w.server.Deliver("anna", "", Mail{})
		id := ""
		for lines.Scan() && !strings.Contains(lines.Text(), "StateChange") {
			id = strings.TrimPrefix(lines.Text(), "id: ")
		}
		if !strings.Contains(lines.Text(), `{"anna":{"Email":"`+w.stateOf("Email")+`"}}`) {
			t.Errorf("told %q", lines.Text())
		}
		leave()
		synctest.Wait()
		if j.Streams() != 0 {
			t.Errorf("%d streams after the client left", j.Streams())
		}
		// who comes back with the last id has missed nothing; after another change, something
		lines, leave = w.stream("types=Email&closeafter=no&ping=60", id)
		if lines.Scan(); lines.Text() != "event: ping" {
			t.Errorf("told %q", lines.Text())
		}
		leave()
		w.server.Deliver("anna", "", Mail{})
		lines, leave = w.stream("types=Email&closeafter=state&ping=60", id)
		defer leave()
		if lines.Scan(); lines.Text() != "event: state" {
			t.Errorf("told %q", lines.Text())
		}
		for lines.Scan() { // RFC 8620 7.3: with closeafter=state the server ends it
		}
	})
}

func TestASubscriptionTellsNothingBeforeItIsVerified(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		posts := make(chan string, 10)
		client := &http.Client{Transport: trip(func(r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			posts <- string(text)
		})}
		j := w.server.JMAP(JMAPConfig{Push: client, MaxExpires: time.Hour})
		set := func(args string) string {
			_, text := w.jmap("POST", "/jmap/api", `{"methodCalls":[["PushSubscription/set",`+args+`,"a"]]}`)
			return text
		}
		if said := set(`{"create":{"k":{"deviceClientId":"d","url":"http://edge.test/"}}}`); !strings.Contains(said, "invalidProperties") {
			t.Errorf("a URL without TLS: %s", said)
		}
		set(`{"create":{"k":{"deviceClientId":"d","url":"https://edge.test/x","types":["Email"]}}}`)
		if said := <-posts; !strings.Contains(said, `"PushVerification"`) || !strings.Contains(said, `"code-7919"`) {
			t.Errorf("posted %s", said)
		}
		w.server.Deliver("anna", "", Mail{})
		synctest.Wait()
		if len(posts) != 0 {
			t.Error("told before it is verified")
		}
		if said := set(`{"update":{"P1":{"verificationCode":"guess"}}}`); !strings.Contains(said, `"notUpdated":{"P1"`) {
			t.Errorf("a guess: %s", said)
		}
		set(`{"update":{"P1":{"verificationCode":"code-7919"}}}`)
		w.server.Deliver("anna", "", Mail{})
		if said := <-posts; !strings.Contains(said, `{"anna":{"Email":"`+w.stateOf("Email")+`"}}`) {
			t.Errorf("posted %s", said)
		}
		time.Sleep(time.Hour + time.Second)
		if now, made := j.Subscriptions(); now != 0 || made != 1 {
			t.Errorf("%d of %d subscriptions outlive their time", now, made)
		}
	})
}

// trip is a transport that answers 204.
type trip func(*http.Request)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
}
