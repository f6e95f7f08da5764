package admin

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// everything is a listener that shows all there is.
func everything(t *testing.T, token string) Config {
	t.Helper()
	return Config{Gatherer: prometheus.NewRegistry(), Pprof: true, Token: token, Learned: newLearned().learned(t), Log: zap.NewNop()}
}

// allRoutes are those of everything, with something in the place of names.
func allRoutes(t *testing.T) []route {
	t.Helper()
	c := everything(t, "")
	routes := slices.Concat(pages(c), newAPI(c.Learned).routes())
	for i, r := range routes {
		routes[i].path = strings.NewReplacer("{$}", "", "{name...}", "198.51.100.0/24", "{id}", "0123456789abcdef").Replace(r.path)
	}
	if len(routes) < 15 {
		t.Fatalf("only %d routes", len(routes))
	}
	return routes
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"}

// elsewhere is an address that other machines reach.
var elsewhere = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9180}

// asked is the answer of a handler to a request without a token.
func asked(h http.Handler, method, path string, set ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost:9180/", nil)
	r.URL.Path, r.RequestURI = path, path
	for _, change := range set {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOffLoopbackNoRouteAnswersWithoutItsToken(t *testing.T) {
	h, closed := handler(everything(t, token), elsewhere)
	defer closed()
	paths := []string{"/nothing-here", "/api/", "/api/v1/", "/api/v2/fleet", "/debug/", "/debug/pprof/heap", "//livez", "/ui", "/./metrics", "/ui/../metrics"}
	for _, r := range allRoutes(t) {
		paths = append(paths, r.path)
	}
	for _, path := range paths {
		for _, method := range methods {
			a := asked(h, method, path)
			// A path that is not clean is sent to the clean one, which asks for the token.
			moved := a.Code == http.StatusMovedPermanently || a.Code == http.StatusTemporaryRedirect || a.Code == http.StatusPermanentRedirect
			if a.Code != http.StatusUnauthorized && !(moved && unclean(path)) {
				t.Errorf("%s %s: %d %q", method, path, a.Code, a.Body)
			}
			if a.Code == http.StatusUnauthorized && a.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s does not say how to sign in", method, path)
			}
		}
	}
}

func unclean(path string) bool {
	return strings.Contains(path, "//") || strings.Contains(path, "/.") || path == "/ui"
}

// The dashboard's own files are in every copy of the program and say nothing of this one;
// a browser cannot send a token before there is a page that asks for it. Nothing else is
// shown without one: this holds that it stays these files.
func TestOnlyTheDashboardsFilesAreShownWithoutAToken(t *testing.T) {
	h, closed := handler(everything(t, token), elsewhere)
	defer closed()
	free := []string{"/ui/"}
	for name := range uiTypes {
		free = append(free, "/ui/"+name)
	}
	for _, path := range free {
		for _, method := range methods {
			a := asked(h, method, path)
			if method == "GET" || method == "HEAD" {
				for _, name := range []string{"diastole_", "198.51.100", "anna"} {
					if strings.Contains(a.Body.String(), "\n"+name) {
						t.Errorf("%s says something of this machine: %q", path, name)
					}
				}
				continue
			}
			if a.Code < 400 {
				t.Errorf("%s %s: %d", method, path, a.Code)
			}
		}
	}
	for _, path := range []string{"/ui/metrics", "/ui/api/v1/fleet", "/ui/.gitignore"} {
		if a := asked(h, "GET", path); a.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Code)
		}
	}
}

func TestOnLoopbackNoRouteAnswersToAnotherName(t *testing.T) {
	h, closed := handler(everything(t, ""), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9180})
	defer closed()
	for _, r := range allRoutes(t) {
		for _, host := range []string{"evil.example", "evil.example:9180", "127.0.0.1.evil.example", "192.0.2.1:9180", "[2001:db8::1]:9180"} {
			if a := asked(h, r.method, r.path, func(r *http.Request) { r.Host = host }); a.Code != http.StatusMisdirectedRequest {
				t.Errorf("%s as %s: %d", r.path, host, a.Code)
			}
		}
	}
}

func TestNoRouteOfTheAPIIsForPagesOfOtherSites(t *testing.T) {
	h, closed := handler(everything(t, ""), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9180})
	defer closed()
	for _, r := range allRoutes(t) {
		if !strings.HasPrefix(r.path, "/api/") {
			continue
		}
		if a := asked(h, r.method, r.path, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); a.Code != http.StatusForbidden {
			t.Errorf("%s: %d", r.path, a.Code)
		}
		if r.method == "POST" { // what a form of another site can send in an old browser
			for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
				if a := asked(h, "POST", r.path, func(r *http.Request) { r.Header.Set("Content-Type", kind) }); a.Code != http.StatusUnsupportedMediaType {
					t.Errorf("%s as %q: %d", r.path, kind, a.Code)
				}
			}
		}
	}
}

// Whoever sends a body without end is cut off, at every route, with a token and without.
func TestNoRouteTakesABodyWithoutEnd(t *testing.T) {
	var pouring sync.WaitGroup // each takes half a second: net/http waits for who was cut off
	for _, c := range []Config{everything(t, ""), everything(t, token)} {
		url := serve(t, c)
		for _, r := range append(allRoutes(t), route{method: "POST", path: "/nothing-here"}, route{method: "PUT", path: "/ui/"}) {
			if strings.HasSuffix(r.path, "/profile") || strings.HasSuffix(r.path, "/trace") || strings.HasSuffix(r.path, "/events") {
				r.path += "?seconds=1" // those that take their time; events end with their connection
			}
			for _, method := range []string{r.method, "POST"} {
				pouring.Go(func() {
					if n, err := pour(url, method, r.path); err != nil || n > most {
						t.Errorf("%s %s took %d bytes, %v", method, r.path, n, err)
					}
				})
			}
		}
	}
	pouring.Wait()
}

// most is what is in the buffers of two sockets, and what net/http reads to the end for
// the sake of a client that stops.
const most = 32 << 20

// pour sends until nobody takes it any more.
func pour(url, method, path string) (sent int, err error) {
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
		return 0, err
	}
	head := method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
	if _, err := io.WriteString(c, head); err != nil {
		return 0, err
	}
	chunk := []byte("10000\r\n" + strings.Repeat(" ", 0x10000) + "\r\n")
	for sent <= most {
		n, err := c.Write(chunk)
		sent += n
		if err != nil { // cut off, or nobody reads: both end it
			break
		}
	}
	return sent, nil
}

// taken is a listener that was handed over, bound to what it says.
type taken struct{ net.Listener }

func (taken) Addr() net.Addr { return elsewhere }
func (taken) Close() error   { return nil }

func TestASocketThatOthersReachIsNotServedWithoutAToken(t *testing.T) {
	c := everything(t, "")
	c.Listener = taken{}
	if _, err := Listen(c); err == nil || !strings.Contains(err.Error(), "192.0.2.1:9180, and there is no token: set admin.token_file") {
		t.Errorf("got %v", err)
	}
	c.Token = token
	s, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
