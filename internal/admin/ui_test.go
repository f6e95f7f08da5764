package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// dist is a dashboard that was built, in small.
var dist = fstest.MapFS{
	"index.html": {Data: []byte("<!DOCTYPE html><title>diastole</title>")},
	"app.js":     {Data: []byte("run()")},
	"app.css":    {Data: []byte("body{}")},
	"icon.svg":   {Data: []byte("<svg/>")},
	".gitignore": {Data: []byte("*")},
}

// browse asks a listener with a token and this dashboard, as a browser does.
func browse(files fstest.MapFS, method, path, accept string) *httptest.ResponseRecorder {
	list := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, 200, "the list") })
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	shielded(dashboard(files, onlyWith(token, false, list))).ServeHTTP(w, r)
	return w
}

const browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"

func TestABrowserIsLedToTheDashboardAndAScriptIsNot(t *testing.T) {
	if a := browse(dist, "GET", "/", browser); a.Code != 302 || a.Header().Get("Location") != "/ui/" || a.Header().Get("Vary") != "Accept" {
		t.Errorf("browser: %d %v", a.Code, a.Header())
	}
	for _, c := range []struct{ method, path, accept string }{
		{"GET", "/", "*/*"}, {"POST", "/", browser}, {"GET", "/metrics", browser}, {"GET", "/api/v1/fleet", browser},
	} {
		if a := browse(dist, c.method, c.path, c.accept); a.Code != 401 {
			t.Errorf("%s %s as %q: %d, want to be asked for the token", c.method, c.path, c.accept, a.Code)
		}
	}
}

func TestTheDashboardsFilesAreShownToWhoeverHasNoTokenYet(t *testing.T) {
	for path, want := range map[string]string{
		"/ui/": "text/html; charset=utf-8", "/ui/app.js": "text/javascript; charset=utf-8",
		"/ui/app.css": "text/css; charset=utf-8", "/ui/icon.svg": "image/svg+xml",
	} {
		a := browse(dist, "GET", path, "*/*")
		if a.Code != 200 || a.Header().Get("Content-Type") != want || a.Body.Len() == 0 {
			t.Errorf("%s: %d %v", path, a.Code, a.Header())
		}
	}
	for _, path := range []string{"/ui/.gitignore", "/ui/index.html/x", "/ui/src/main.tsx", "/ui/nothing"} {
		if a := browse(dist, "GET", path, "*/*"); a.Code != 404 {
			t.Errorf("%s: %d, want 404", path, a.Code)
		}
	}
}

func TestTheDashboardRunsItsOwnScriptsOnly(t *testing.T) {
	policy := browse(dist, "GET", "/ui/", browser).Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy+";", part+";") {
			t.Errorf("%s is missing in %q", part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("more than its own: %q", policy)
	}
	if !strings.HasPrefix(browse(dist, "GET", "/metrics", browser).Header().Get("Content-Security-Policy"), "default-src 'none'; style-src") {
		t.Error("other pages may run scripts too")
	}
}

func TestABuildWithoutTheDashboardSaysHowToGetIt(t *testing.T) {
	without := fstest.MapFS{".gitignore": dist[".gitignore"]}
	a := browse(without, "GET", "/ui/", browser)
	if a.Code != 404 || !strings.Contains(a.Body.String(), "make build") || !strings.Contains(a.Body.String(), `href="/"`) {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := browse(without, "GET", "/", browser); a.Code != 401 {
		t.Errorf("/ leads to a dashboard that is not there: %d", a.Code)
	}
}

func TestTheListNamesTheDashboard(t *testing.T) {
	a := ask(t, "GET", serve(t, Config{Learned: &Learned{}})+"/")
	if !strings.Contains(a.body, `href="/ui/"`) {
		t.Errorf("no way to the dashboard in %s", a.body)
	}
}
