package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/lab"
)

// ear is a listener's connection in memory.
type ear struct {
	*httptest.ResponseRecorder
	mu       sync.Mutex
	deaf     bool // nothing is read: writes wait for their deadline
	deadline time.Time
}

func (e *ear) SetWriteDeadline(at time.Time) error { e.deadline = at; return nil }

func (e *ear) Write(b []byte) (int, error) {
	if e.deaf {
		time.Sleep(time.Until(e.deadline))
		return 0, os.ErrDeadlineExceeded
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ResponseRecorder.Write(b)
}

// heard are the events so far, by name; a comment is "".
func (e *ear) heard() map[string][]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string][]string{}
	for text := range strings.SplitSeq(strings.TrimSuffix(e.Body.String(), "\n\n"), "\n\n") {
		name, data, _ := strings.Cut(strings.TrimPrefix(text, "event: "), "\ndata: ")
		if strings.HasPrefix(text, ": ") {
			name = ""
		}
		all[name] = append(all[name], data)
	}
	return all
}

// listen has somebody listen in a bubble; gone is closed when the answer has ended.
func listen(t *testing.T, a *api, deaf bool) (e *ear, leave func(), gone chan struct{}) {
	e, gone = &ear{ResponseRecorder: httptest.NewRecorder(), deaf: deaf}, make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/events", nil)
	go func() {
		a.events.serve(e, r)
		close(gone)
	}()
	synctest.Wait()
	return e, leave, gone
}

func TestWhoeverListensHearsTheFleetEverySecondAndACommentNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLearned()
		l.tally = NewTally(time.Now())
		a := newAPI(l.learned(t))
		e, leave, gone := listen(t, a, false)
		time.Sleep(time.Minute + time.Millisecond)
		synctest.Wait()
		heard := e.heard()
		if len(heard["fleet"]) != 61 || len(heard[""]) != 4 || len(heard["wait"]) != 0 {
			t.Errorf("%d fleets, %d comments, %d waits", len(heard["fleet"]), len(heard[""]), len(heard["wait"]))
		}
		if h := e.Header(); h.Get("Content-Type") != "text/event-stream" || h.Get("X-Accel-Buffering") != "no" {
			t.Errorf("%v", h)
		}
		fits(t, "Fleet", heard["fleet"][60])
		leave()
		<-gone
		if len(a.events.listeners) != 0 {
			t.Error("a seat is left")
		}
	})
}

// fits fails where data is not what openapi.yaml says.
func fits(t *testing.T, schema, data string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(data), &value); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	if err := document(t).Components.Schemas[schema].Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		t.Error(err)
	}
}

func TestWaitsAreShownAsTheyBeginAndEndAndNotMoreThanCanBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLearned()
		a := newAPI(l.learned(t))
		l.tally.Tell(began("before", time.Now(), time.Minute, time.Minute)) // nobody listens yet
		e, leave, gone := listen(t, a, false)
		one := began("anna", time.Now(), 900*time.Second, 720*time.Second)
		l.tally.Tell(one)
		l.tally.Tell(ended(one, 0, heartbeat.Changed))
		for range 50 {
			l.tally.Tell(Event{What: Denied, When: time.Now(), Key: heartbeat.Key{Principal: "x"}, Network: one.Network, Rule: "stolen"})
		}
		time.Sleep(1500 * time.Millisecond)
		l.tally.Tell(began("late", time.Now(), time.Minute, time.Minute))
		synctest.Wait()
		waits := e.heard()["wait"]
		if len(waits) != mostShown+1 {
			t.Fatalf("%d waits", len(waits))
		}
		var first, second, last WaitEvent
		for i, into := range map[int]*WaitEvent{0: &first, 1: &second, mostShown: &last} {
			fits(t, "WaitEvent", waits[i])
			if err := json.Unmarshal([]byte(waits[i]), into); err != nil {
				t.Fatal(err)
			}
		}
		if first.Happens != "begins" || first.User != "e0e61" || first.What != "lowered" || first.Outcome != "" ||
			second.Happens != "ends" || second.Outcome != "changed" || last.User != "e0e6c" || last.Skipped != 52-mostShown {
			t.Errorf("%+v\n%+v\n%+v", first, second, last)
		}
		leave()
		<-gone
	})
}

func TestWhoReadsTooSlowlyIsDroppedAndHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLearned()
		a := newAPI(l.learned(t))
		_, leaveDeaf, dropped := listen(t, a, true)
		good, leave, gone := listen(t, a, false)
		defer leaveDeaf()
		since := time.Now()
		for range 4 * mostShown { // within four seconds
			l.tally.Tell(began("u", time.Now(), time.Minute, time.Minute))
			time.Sleep(50 * time.Millisecond)
		}
		<-dropped
		if took := time.Since(since); took > toWrite {
			t.Errorf("dropped after %v", took)
		}
		synctest.Wait()
		if n := len(good.heard()["wait"]); n != 4*mostShown || len(a.events.listeners) != 1 {
			t.Errorf("the other one heard %d, %d listen", n, len(a.events.listeners))
		}
		leave()
		<-gone
	})
}

func TestThereAreSoManySeatsAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAPI(newLearned().learned(t))
		var ends []chan struct{}
		for range mostListeners {
			_, leave, gone := listen(t, a, false)
			defer leave()
			ends = append(ends, gone)
		}
		late := httptest.NewRecorder()
		a.events.serve(late, httptest.NewRequest("GET", "/api/v1/events", nil))
		if late.Code != http.StatusServiceUnavailable || late.Header().Get("Retry-After") != "10" {
			t.Errorf("%d %s", late.Code, late.Body)
		}
		describes(t, "GET", "/api/v1/events", answer{late.Code, late.Header(), late.Body.String()})
		a.events.close() // the listener shuts down
		for _, gone := range ends {
			<-gone
		}
		a.events.close()
	})
}

// The limits of a request and of an answer are not for what has no end.
func TestListeningOutlastsTheLimitsOfOtherAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		front := lab.NewPipe()
		s, err := on(front, Config{Gatherer: prometheus.NewRegistry(), Learned: newLearned().learned(t), Log: zap.NewNop(), Token: token})
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve() }()
		conn, err := front.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+token+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		began, fleets := time.Now(), 0
		lines := bufio.NewScanner(response.Body)
		for time.Since(began) < 3*writeTimeout && lines.Scan() {
			if lines.Text() == "event: fleet" {
				fleets++
			}
		}
		if took := time.Since(began); took < 3*writeTimeout || fleets < int(took/beat) {
			t.Errorf("%d fleets in %v: %v", fleets, took, lines.Err())
		}
		conn.Close()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		s.Close()
	})
}

func TestListeningEndsWithTheServerAndNotBefore(t *testing.T) {
	url := newLearned().serve(t)
	transport := &http.Transport{DisableKeepAlives: true}
	r, err := http.NewRequestWithContext(t.Context(), "GET", url+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() }) // after the server's own, which must not wait for us
	lines := bufio.NewReader(response.Body)
	first, err := lines.ReadString('\n')
	if err != nil || first != "event: fleet\n" || fmt.Sprint(response.TransferEncoding) != "[chunked]" {
		t.Errorf("%q, %v", first, err)
	}
}
