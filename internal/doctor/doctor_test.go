package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// world is a server in a bubble, perhaps with something around it that makes another
// one of it.
type world struct {
	t      *testing.T
	server *lab.Server
	pipe   *lab.Pipe
	told   []string
}

func inWorld(t *testing.T, cfg lab.ServerConfig, around func(http.Handler) http.Handler, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.Users = map[string]string{"anna": "secret"}
		w := &world{t: t, server: lab.NewServer(cfg), pipe: lab.NewPipe()}
		handler := http.Handler(w.server)
		if around != nil {
			handler = around(handler)
		}
		h := &http.Server{Handler: handler, ConnContext: w.server.ConnContext}
		go h.Serve(w.pipe)
		defer func() {
			w.server.Close()
			h.Close()
			time.Sleep(time.Second) // net/http lingers half a second over a connection with unread data
		}()
		test(w)
	})
}

// visit looks at the world's server.
func (w *world) visit(c Config) (*Report, error) {
	c.URL, c.User, c.Password, c.Dial = "http://lab", "anna", "secret", w.pipe.Dial
	c.Tell = func(line string) { w.told = append(w.told, line) }
	return Run(context.Background(), c)
}

func (w *world) look(c Config) *Report {
	w.t.Helper()
	r, err := w.visit(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// with sets headers in every answer, and takes away what tells the lab's server from others.
func with(pairs ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(&dressed{w, pairs}, r) })
	}
}

type dressed struct {
	http.ResponseWriter
	pairs []string
}

func (d *dressed) Unwrap() http.ResponseWriter { return d.ResponseWriter }

func (d *dressed) WriteHeader(code int) {
	delete(d.Header(), "X-FEServer") // it spells it as Exchange does
	delete(d.Header(), "Server")
	delete(d.Header(), "WWW-Authenticate")
	for i := 0; i < len(d.pairs); i += 2 {
		delete(d.Header(), d.pairs[i]) // in the spelling of the specifications too
		d.Header().Set(d.pairs[i], d.pairs[i+1])
	}
	d.ResponseWriter.WriteHeader(code)
}

// offByOne is SOGo's estimate: one more than there is, and blind to the newest mail's flag.
func offByOne(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("Cmd") != "GetItemEstimate" {
			next.ServeHTTP(w, r)
			return
		}
		took := httptest.NewRecorder()
		next.ServeHTTP(took, r)
		answer, err := eas.ParseEstimateResponse(took.Body.Bytes())
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		for i := range answer.Answers {
			answer.Answers[i].Estimate++
		}
		w.Header().Set("Content-Type", took.Header().Get("Content-Type"))
		w.WriteHeader(took.Code)
		w.Write(answer.Append(nil))
	})
}

func short() lab.ServerConfig {
	return lab.ServerConfig{MinHeartbeat: time.Second, KeepAbandoned: true}
}

func TestAServerThatNothingTellsOfIsTreatedLikeAnyOther(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, with(), func(w *world) {
		r := w.look(Config{Address: w.server.Address("anna")})
		a := r.Advice
		if !a.Fits || a.Profile != "generic" || a.Hold != "pass" || a.Check != "estimate" || a.Estimates != Proven {
			t.Errorf("advice %+v", a)
		}
		if r.Wait.Means != holds || time.Duration(r.Wait.Took) != time.Minute || r.Wait.Says != "status 1" {
			t.Errorf("the long wait: %+v", r.Wait)
		}
		// Like Exchange it takes no Ping below 60 s: none can be a check.
		if len(r.Short) != 2 || r.Short[0].Means != refused || a.Pings != Refuted {
			t.Errorf("short ones: %+v, %s", r.Short, a.Pings)
		}
		if r.Folders != 8 || !slices.Contains(r.Server.Versions, "16.1") {
			t.Errorf("got %+v", r)
		}
	})
}

func TestAServerLikeZPushIsSparedItsWorkers(t *testing.T) {
	inWorld(t, short(), with("X-Z-Push-Version", "2.7.1"), func(w *world) {
		r := w.look(Config{Address: w.server.Address("anna")})
		a := r.Advice
		if !a.Fits || a.Profile != "zpush" || a.Hold != "edge" || a.Check != "estimate" {
			t.Errorf("advice %+v", a)
		}
		var events []string
		for _, c := range r.Cases {
			events = append(events, c.Event)
			if (c.Estimate.Says != "0") != c.Changed {
				t.Errorf("%s: %+v", c.Event, c.Estimate)
			}
		}
		if got := strings.Join(events, "; "); got != "nothing changed; a mail came; the newest was read elsewhere; the newest was deleted elsewhere; nothing changed, again" {
			t.Errorf("cases %s", got)
		}
		if time.Duration(r.Short[0].Took) != 5*time.Second || time.Duration(r.Short[1].Took) != time.Second || r.Short[1].Means != holds {
			t.Errorf("short ones: %+v", r.Short)
		}
	})
}

func TestAServerLikeSOGoIsAskedByPing(t *testing.T) {
	around := func(h http.Handler) http.Handler { return with("WWW-Authenticate", `basic realm="SOGo"`)(offByOne(h)) }
	inWorld(t, short(), around, func(w *world) {
		a := w.look(Config{Address: w.server.Address("anna")}).Advice
		if !a.Fits || a.Profile != "sogo" || a.Hold != "edge" || a.Check != "ping" || a.Estimates != Refuted || a.Pings != Proven {
			t.Errorf("advice %+v", a)
		}
		if text := strings.Join(a.Reasons, "\n"); !strings.Contains(text, "estimates are not exact: nothing changed, and it said 1") || !strings.Contains(text, "takes the server 5s when") {
			t.Errorf("reasons:\n%s", text)
		}
	})
}

// The rest of the family: an estimate that lies makes Z-Push a server to be asked by Ping.
func TestWhatIsSeenIsStrongerThanTheProfile(t *testing.T) {
	around := func(h http.Handler) http.Handler { return with("X-Grommunio-Sync-Version", "2.3")(offByOne(h)) }
	inWorld(t, short(), around, func(w *world) {
		if a := w.look(Config{Address: w.server.Address("anna")}).Advice; !a.Fits || a.Profile != "grommunio" || a.Check != "ping" || a.Hold != "edge" {
			t.Errorf("advice %+v", a)
		}
	})
}

func TestTheMailboxIsLeftAsItWas(t *testing.T) {
	for name, address := range map[string]string{"with a mail of its own": "anna@lab.test", "without an address": ""} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
				for i, read := range []bool{true, false, true} {
					m := lab.Mail{Subject: string(rune('a' + i)), Read: read, Received: time.Now().Add(time.Duration(i-4) * time.Hour)}
					if _, err := w.server.Deliver("anna", "", m); err != nil {
						t.Fatal(err)
					}
				}
				before := w.server.Mails("anna", "")
				a := w.look(Config{Address: address}).Advice
				if after := w.server.Mails("anna", ""); !slices.EqualFunc(before, after, func(a, b lab.Mail) bool { return a.Subject == b.Subject && a.Read == b.Read }) {
					t.Errorf("before %v\nafter %v", before, after)
				}
				for _, folder := range []string{"Sent Items", "Deleted Items"} {
					if left := w.server.Mails("anna", folder); len(left) > 0 {
						t.Errorf("left in %s: %v", folder, left)
					}
				}
				if a.Estimates != Proven {
					t.Errorf("advice %+v", a)
				}
				said := strings.Join(w.told, "\n")
				for _, word := range []string{"registering two devices", map[bool]string{true: "sending a mail to anna@lab.test", false: "and back: c"}[address != ""]} {
					if !strings.Contains(said, word) {
						t.Errorf("it did not say %q:\n%s", word, said)
					}
				}
			})
		})
	}
}

// Subjects are anybody's words.
func TestNoMailSpeaksToTheTerminal(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		if _, err := w.server.Deliver("anna", "", lab.Mail{Subject: "clear\x1b[2J\u202ethis"}); err != nil {
			t.Fatal(err)
		}
		w.look(Config{})
		if said := strings.Join(w.told, "\n"); strings.ContainsAny(said, "\x1b\u202e") || !strings.Contains(said, "clear?[2J?this") {
			t.Errorf("it said %q", said)
		}
	})
}

func TestAnEmptyInboxWithoutAnAddressProvesNothing(t *testing.T) {
	inWorld(t, short(), with("X-Z-Push-Version", "2.7.1"), func(w *world) {
		r := w.look(Config{})
		if r.Advice.Fits || r.Advice.Hold != "pass" || r.Advice.Estimates != Unseen || len(r.Notes) != 2 {
			t.Errorf("advice %+v, notes %q", r.Advice, r.Notes)
		}
	})
}

// cutting is a box in front of the server that gives up on what is silent for 40 s.
func cutting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 40*time.Second)
		defer cancel()
		took := httptest.NewRecorder()
		next.ServeHTTP(took, r.WithContext(ctx))
		if ctx.Err() != nil {
			w.WriteHeader(http.StatusGatewayTimeout)
			return
		}
		for name, values := range took.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(took.Code)
		w.Write(took.Body.Bytes())
	})
}

func TestABoxThatCutsWaitsIsSeen(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, cutting, func(w *world) {
		r := w.look(Config{Address: w.server.Address("anna")})
		if r.Wait.Means != cut || r.Advice.Hold != "slice" || time.Duration(r.Advice.Slice) != 30*time.Second {
			t.Errorf("%+v, advice %+v", r.Wait, r.Advice)
		}
	})
	around := func(h http.Handler) http.Handler { return with("X-Z-Push-Version", "2.7.1")(cutting(h)) }
	inWorld(t, lab.ServerConfig{MinHeartbeat: time.Second}, around, func(w *world) {
		if a := w.look(Config{Address: w.server.Address("anna")}).Advice; a.Hold != "edge" || a.Slice != 0 {
			t.Errorf("no wait that could be cut is left: advice %+v", a)
		}
	})
}

func TestAServerThatHoldsNothingIsNoFit(t *testing.T) {
	inWorld(t, short(), nil, func(w *world) {
		w.server.Inject(lab.Fault{Match: lab.On("Ping"), Kind: lab.FaultStatus, Code: 1})
		r := w.look(Config{Address: w.server.Address("anna")})
		if r.Wait.Means != early || r.Advice.Fits || !strings.Contains(strings.Join(r.Advice.Reasons, "\n"), "it does not hold waits") {
			t.Errorf("%+v, advice %+v", r.Wait, r.Advice)
		}
	})
}

func TestARefusalAtTheDoorIsSaidInWords(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		_, err := Run(context.Background(), Config{URL: "http://lab", User: "anna", Password: "wrong", Dial: w.pipe.Dial})
		if err == nil || err.Error() != "OPTIONS was answered HTTP 401: the server does not take this user and password, or the user may not use ActiveSync" {
			t.Errorf("got %v", err)
		}
	})
}

// Somebody presses Ctrl-C while its own mail lies in the inbox.
func TestItCleansUpWhenItIsStopped(t *testing.T) {
	inWorld(t, short(), nil, func(w *world) {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		tell := func(line string) {
			if strings.HasPrefix(line, "marking its own mail") {
				stop()
			}
		}
		_, err := Run(ctx, Config{URL: "http://lab", User: "anna", Password: "secret", Address: "anna@lab.test", Dial: w.pipe.Dial, Tell: tell})
		if !errors.Is(err, context.Canceled) || len(w.server.Mails("anna", "")) != 0 {
			t.Errorf("%v, left: %v", err, w.server.Mails("anna", ""))
		}
	})
}

func TestTheReportIsReadByPeopleAndByScripts(t *testing.T) {
	inWorld(t, short(), with("X-Z-Push-Version", "2.7.1"), func(w *world) {
		r := w.look(Config{Address: w.server.Address("anna")})
		var page bytes.Buffer
		if err := r.Print(&page); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"zpush (X-Z-Push-Version: 2.7.1", "Ping of 1m0s", "held to its end", "WHAT WAS SO", "a mail came",
			"\n    profile: zpush\n    hold: edge\n    check: estimate\n", "- estimates are exact",
		} {
			if !strings.Contains(page.String(), want) {
				t.Errorf("not in it: %s\n%s", want, page.String())
			}
		}
		text, err := json.Marshal(r)
		var back map[string]any
		if err != nil || json.Unmarshal(text, &back) != nil {
			t.Fatal(err)
		}
		if wait, _ := back["wait"].(map[string]any); wait["took_seconds"] != 60.0 || wait["state"] != "unchanged" {
			t.Errorf("got %s", text)
		}
	})
}
