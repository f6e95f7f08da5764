package admin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/diastole/diastole/internal/said"
)

func TestMain(m *testing.M) {
	// net/http leaves its connection half open for half a second after it refused a head.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// serve runs a server on a free port until the test ends and returns its URL.
func serve(t *testing.T, c Config) string {
	t.Helper()
	c.Listen = "127.0.0.1:0"
	c.Log, _ = said.Log(t, zap.DebugLevel)
	if c.Gatherer == nil {
		c.Gatherer = prometheus.NewRegistry()
	}
	s, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Shutdown(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("shutdown: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return "http://" + s.Addr().String()
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends one request on a connection of its own; header lines are "Name: value".
func ask(t *testing.T, method, url string, header ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{response.StatusCode, response.Header, string(body)}
	if method != http.MethodHead {
		describes(t, method, request.URL.Path, a)
	}
	return a
}

func TestAliveAsLongAsItAnswers(t *testing.T) {
	url := serve(t, Config{Ready: func(context.Context) error { return errors.New("draining") }})
	if a := ask(t, "GET", url+"/livez"); a.status != 200 || a.body != "alive\n" {
		t.Errorf("got %+v", a)
	}
}

func TestReadyUntilToldOtherwiseAndThenWithTheReason(t *testing.T) {
	var reason error
	url := serve(t, Config{Ready: func(ctx context.Context) error {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("the check may take for ever")
		}
		return reason
	}})
	if a := ask(t, "GET", url+"/readyz"); a.status != 200 || a.body != "ready\n" {
		t.Errorf("got %+v", a)
	}
	reason = errors.New("draining: no new phones, please")
	if a := ask(t, "GET", url+"/readyz"); a.status != 503 || a.body != "not ready: draining: no new phones, please\n" {
		t.Errorf("got %+v", a)
	}
}

func TestReadyWithoutACheck(t *testing.T) {
	if a := ask(t, "GET", serve(t, Config{})+"/readyz"); a.status != 200 {
		t.Errorf("got %+v", a)
	}
}

func TestMetricsAreThoseOfTheGatherer(t *testing.T) {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "diastole_test_total", Help: "A test."})
	registry.MustRegister(counter)
	counter.Add(3)
	a := ask(t, "GET", serve(t, Config{Gatherer: registry})+"/metrics")
	if a.status != 200 || !strings.Contains(a.body, "\ndiastole_test_total 3\n") {
		t.Errorf("got %+v", a)
	}
}

func TestProfilesOnlyWhereTheyAreWanted(t *testing.T) {
	without, with := serve(t, Config{}), serve(t, Config{Pprof: true})
	for path, part := range map[string]string{
		"/debug/pprof/":                  "heap",
		"/debug/pprof/goroutine?debug=1": "goroutine profile:",
		"/debug/pprof/cmdline":           "admin.test",
		"/debug/pprof/symbol":            "num_symbols",
	} {
		if a := ask(t, "GET", without+path); a.status != 404 {
			t.Errorf("%s without the flag: %d", path, a.status)
		}
		if a := ask(t, "GET", with+path); a.status != 200 || !strings.Contains(a.body, part) {
			t.Errorf("%s with the flag: %+v", path, a)
		}
	}
}

func TestTheFirstPageListsWhatIsThere(t *testing.T) {
	a := ask(t, "GET", serve(t, Config{})+"/")
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		if !strings.Contains(a.body, `href="`+path+`"`) {
			t.Errorf("%s is missing in %s", path, a.body)
		}
	}
	if strings.Contains(a.body, "pprof") || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("got %+v", a)
	}
	if a := ask(t, "GET", serve(t, Config{Pprof: true})+"/"); !strings.Contains(a.body, `href="/debug/pprof/"`) {
		t.Errorf("profiles are missing in %s", a.body)
	}
}

func TestWhatIsNotThereIsRefused(t *testing.T) {
	url := serve(t, Config{Pprof: true})
	if a := ask(t, "GET", url+"/Microsoft-Server-ActiveSync"); a.status != 404 {
		t.Errorf("unknown path: %d", a.status)
	}
	for _, path := range []string{"/", "/livez", "/readyz", "/metrics", "/debug/pprof/symbol"} {
		if a := ask(t, "POST", url+path); a.status != 405 {
			t.Errorf("POST %s: %d", path, a.status)
		}
	}
}

func TestAnAddressInUseIsAnErrorThatNamesIt(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = Listen(Config{Listen: taken.Addr().String(), Log: zaptest.NewLogger(t)})
	want := "admin listener: listen tcp " + taken.Addr().String() + ": bind: address already in use"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
