package jmap

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

// read gives all events of a stream as "name=data", and why it ended.
func read(r io.Reader) (all []string, e *events, err error) {
	e = newEvents(r)
	for {
		ev, err := e.next()
		if err != nil {
			return all, e, err
		}
		all = append(all, ev.name+"="+string(ev.data))
	}
}

func TestEventsAreReadAsTheStandardSays(t *testing.T) {
	for name, c := range map[string]struct{ stream, want, id string }{
		"the standard's first example":  {"data: YHOO\ndata: +2\ndata: 10\n\n", "=YHOO\n+2\n10", ""},
		"a comment and ids":             {": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n", "=first event|=second event|= third event", ""},
		"empty data":                    {"data\n\ndata\ndata\n\ndata:\n", "=|=\n", ""},
		"one space is cut off":          {"data:test\n\ndata: test\n\n", "=test|=test", ""},
		"CRLF":                          {"event: state\r\nid: 7\r\ndata: {}\r\n\r\n", "state={}", "7"},
		"CR":                            {"event: state\rid: 7\rdata: {}\r\r", "state={}", "7"},
		"a byte order mark":             {"\ufeffdata: x\n\n", "=x", ""},
		"an event that is not ended":    {"data: x\n\ndata: y\n", "=x", ""},
		"a name without data is none":   {"event: ping\n\ndata: x\n\n", "=x", ""},
		"an id without data counts":     {"id: 5\n\n", "", "5"},
		"fields that nobody knows":      {"foo: bar\n: comment\n:\nDATA: no\ndata: x\n\n", "=x", ""},
		"an id that no header can hold": {"id: ok\ndata: x\n\nid: a\x00b\ndata: y\n\nid: ü\ndata: z\n\n", "=x|=y|=z", "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.stream), iotest.OneByteReader(strings.NewReader(c.stream))} {
				all, e, err := read(r)
				if got := strings.Join(all, "|"); got != c.want || e.last != c.id {
					t.Errorf("got %q with id %q, want %q with %q (%v)", got, e.last, c.want, c.id, err)
				}
			}
		})
	}
}

func TestAnEventIsGivenWhenItsLastByteIsThere(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		there, here := io.Pipe()
		e := newEvents(there)
		for range 3 {
			go io.WriteString(here, "data: x"+end+end) // nothing follows: next must not wait for it
			if ev, err := e.next(); err != nil || string(ev.data) != "x" {
				t.Fatalf("%q: %q %v", end, ev.data, err)
			}
		}
		there.Close()
	}
}

func TestAStreamWithoutEndIsGivenUp(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"a line": endless("x"), "an event": endless("data: x\n"), "an id": endless("id: xxxxxxx"),
	} {
		var f *failure
		if _, _, err := read(r); !errors.As(err, &f) || f.why != "oversize" {
			t.Errorf("%s without end: %v", name, err)
		}
	}
}

// endless repeats a text.
type endless string

func (e endless) Read(p []byte) (n int, err error) {
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	if n == 0 {
		n = copy(p, e)
	}
	return n, nil
}

func TestRetryIsTakenWithinReason(t *testing.T) {
	for said, want := range map[string]time.Duration{
		"10000": 10 * time.Second, "0": soonest, "1": soonest, "999999999": latest, "99999999999999999999": 0, "-5": 0, "soon": 0,
	} {
		if _, e, _ := read(strings.NewReader("retry: " + said + "\n")); e.retry != want {
			t.Errorf("retry: %s is %v, want %v", said, e.retry, want)
		}
	}
}

func TestHowAStreamIsCutInPiecesChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{
			"data: a", "data", "event: state", "id: 7", ":", "\n", "\r", "\r\n", "\n\n", "x", "retry: 5000", "\ufeff"})).Draw(t, "text"), "")
		whole, e1, _ := read(strings.NewReader(text))
		pieces, e2, _ := read(iotest.OneByteReader(strings.NewReader(text)))
		if strings.Join(whole, "|") != strings.Join(pieces, "|") || e1.last != e2.last || e1.retry != e2.retry {
			t.Fatalf("%q: whole %q, byte by byte %q", text, whole, pieces)
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add("event: state\nid: 1\ndata: {\"@type\":\"StateChange\",\"changed\":{\"a\":{\"Email\":\"1\"}}}\n\n")
	f.Add("retry: 1\r\rdata:\ufeff\r\n\n:\nid\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, e, err := read(strings.NewReader(text))
		if err == nil || len(e.last) > longestEntry || e.retry > latest {
			t.Errorf("%v %q %v", err, e.last, e.retry)
		}
		for _, one := range all {
			if len(one) > len(text) {
				t.Errorf("an event longer than all that was said: %q", one)
			}
		}
	})
}
