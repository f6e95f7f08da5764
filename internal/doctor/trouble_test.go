package doctor

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

func TestMailOfOthersDoesNotSpoilTheLongWait(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		time.AfterFunc(20*time.Second, func() { w.server.Deliver("anna", "", lab.Mail{Subject: "from somebody else"}) })
		r := w.look(Config{Address: w.server.Address("anna")})
		if r.Wait.Means != holds || time.Duration(r.Wait.Took) != time.Minute || !strings.Contains(strings.Join(w.told, "\n"), "something came into the inbox") {
			t.Errorf("%+v; it said %q", r.Wait, w.told)
		}
		if left := w.server.Mails("anna", ""); len(left) != 1 {
			t.Errorf("in the inbox: %v", left)
		}
	})
}

func TestAServerGetsTheIntervalThatItWants(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		r := w.look(Config{Address: w.server.Address("anna"), Wait: 20 * time.Second})
		if r.Wait.Means != holds || time.Duration(r.Wait.Asked) != time.Minute {
			t.Errorf("got %+v", r.Wait)
		}
	})
	inWorld(t, lab.ServerConfig{MinHeartbeat: 10 * time.Minute}, nil, func(w *world) {
		r := w.look(Config{Address: w.server.Address("anna")})
		if r.Wait.Means != refused || r.Advice.Fits {
			t.Errorf("10 minutes are too long for a visit: %+v, %+v", r.Wait, r.Advice)
		}
	})
}

// Both ways a mail fails to come: the server does not take it, or nothing is heard of it
// again. The newest mail that is there then has to do.
func TestAMailThatDoesNotComeIsToldOf(t *testing.T) {
	for note, code := range map[string]int{
		"the server did not take a mail to anna@lab.test: SendMail was answered HTTP 507": 507,
		"the mail to anna@lab.test did not come within 1m0s: ":                            200,
	} {
		inWorld(t, short(), nil, func(w *world) {
			if _, err := w.server.Deliver("anna", "", lab.Mail{Subject: "was there"}); err != nil {
				t.Fatal(err)
			}
			w.server.Inject(lab.Fault{Match: lab.On("SendMail"), Kind: lab.FaultHTTP, Code: code})
			r := w.look(Config{Address: "anna@lab.test"})
			if len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], note) {
				t.Errorf("notes %q", r.Notes)
			}
			if len(r.Cases) != 3 || r.Cases[1].Event != "the newest was read elsewhere" || r.Advice.Estimates != Proven {
				t.Errorf("cases %+v, advice %+v", r.Cases, r.Advice)
			}
			if left := w.server.Mails("anna", ""); len(left) != 1 || left[0].Read {
				t.Errorf("in the inbox: %+v", left)
			}
		})
	}
}

// An estimate that the server knows nothing of.
func TestQuestionsThatAreNotAnsweredAreNoProof(t *testing.T) {
	inWorld(t, short(), with("X-Z-Push-Version", "2.7.1"), func(w *world) {
		w.server.Inject(lab.Fault{Match: lab.On("GetItemEstimate"), Kind: lab.FaultHTTP, Code: 501})
		r := w.look(Config{Address: w.server.Address("anna")})
		if r.Advice.Estimates != Refuted || r.Advice.Check != byPing || r.Cases[0].Estimate.Says != "HTTP 501" {
			t.Errorf("cases %+v, advice %+v", r.Cases, r.Advice)
		}
	})
	inWorld(t, lab.ServerConfig{}, with("X-Z-Push-Version", "2.7.1"), func(w *world) {
		w.server.Inject(lab.Fault{Match: lab.On("GetItemEstimate"), Kind: lab.FaultHTTP, Code: 501})
		if a := w.look(Config{Address: w.server.Address("anna")}).Advice; a.Fits || a.Check != "" || a.Hold != "pass" {
			t.Errorf("neither question can be asked: advice %+v", a)
		}
	})
}

func TestAMailboxWithoutAnInboxIsNone(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(lab.Fault{Match: lab.On("FolderSync"), Kind: lab.FaultHTTP, Code: 500})
		if _, err := w.visit(Config{}); err == nil || err.Error() != "FolderSync was answered HTTP 500: the server fails; its log says why" {
			t.Errorf("got %v", err)
		}
	})
	d := (&visit{Config: Config{URL: "http://127.0.0.1:9"}}).device("1")
	if err := d.enter(t.Context()); err == nil || !strings.HasPrefix(explained(err).Error(), "the server cannot be reached: dial tcp 127.0.0.1:9") {
		t.Errorf("got %v", explained(err))
	}
}

func TestAPageNamesWhatWasMissedAndWhatWasFalse(t *testing.T) {
	r := &Report{
		Wait: Wait{Asked: Span(time.Minute), Means: cut, Answer: Answer{Says: "HTTP 504", Took: Span(12 * time.Second)}},
		Cases: []Case{
			{Event: "a mail came", Changed: true, Estimate: Answer{State: "unchanged", Says: "0"}, Ping: Answer{State: "unclear", Says: "no answer"}},
			{Event: "nothing changed", Estimate: Answer{State: "changed", Says: "1"}, Ping: Answer{State: "unchanged", Says: "status 1"}},
		},
		Load:  &Load{Tried: 16, SlowAt: 10, Before: Span(8 * time.Millisecond), Last: Span(5 * time.Second)},
		Notes: []string{"a note"},
	}
	r.Advice = advise(r)
	var page bytes.Buffer
	if err := r.Print(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"not known", "missed", "false alarm", "unclear", "with 10, OPTIONS took 5s instead of 8ms", "This cannot be told for sure:",
		"max_waits: 7\n", "a wait was not held at all: it ended without an answer after 12s", "- a note\n",
		"estimates are not exact: a mail came, and it said 0",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("not in it: %s\n%s", want, page.String())
		}
	}
}
