package admin

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is asked, the answer is one that openapi.yaml knows, and never our fault.
func TestNoQueryBreaksTheAPI(t *testing.T) {
	l := fleet()
	for i := range 50 {
		l.tally.Tell(began(strings.Repeat("u", i+1), start, 0, 0))
	}
	a := newAPI(l.learned(t))
	h := a.handler()
	id := decodePage(t, h)
	rapid.Check(t, func(r *rapid.T) {
		path := rapid.SampledFrom([]string{"fleet", "networks", "networks/192.0.2.0/24", "networks/" + url.PathEscape("192.0.2.0/24"), "networks/", "devices",
			"devices/" + id, "devices/x", "what-if", "decisions", "openapi.yaml", "whois", "nothing", "devices/a/b"}).Draw(r, "path")
		query := url.Values{}
		for range rapid.IntRange(0, 4).Draw(r, "parameters") {
			name := rapid.SampledFrom([]string{"limit", "offset", "q", "sort", "order", "network", "http", "minutes", "before", "rule", "other"}).Draw(r, "name")
			value := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"1", "2", "0", "-1", "1000", "1001", "1000000", "9223372036854775808", "seen", "user", "type", "name",
				"asked", "asc", "desc", "iphone", "192.0.2.0/24", "default", "2026-03-02T08:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"})).Draw(r, "value")
			query.Add(name, value)
		}
		w, asked := httptest.NewRecorder(), httptest.NewRequest("GET", "/api/v1/"+path+"?"+query.Encode(), nil)
		h.ServeHTTP(w, asked)
		if w.Code >= 500 {
			r.Fatalf("%d %s", w.Code, w.Body)
		}
		describes(t, "GET", asked.URL.Path, answer{w.Code, w.Header(), w.Body.String()})
		if t.Failed() {
			r.Fatalf("%s?%s", path, query.Encode())
		}
	})
}

// By folding alone a letter may be another's capital; what counts is what people type.
func TestANameIsFoundInAnyCaseOfLetters(t *testing.T) {
	for _, c := range []struct {
		name, lower string
		want        bool
	}{
		{"Anna@Example.com", "anna@ex", true}, {"Anna@Example.com", "e.com", true}, {"ApplDNPQ", "pq", true}, {"ApplDNPQ", "applx", false},
		{"Ärger", "är", true}, {"JÄRGEN", "ärg", true}, {"JÄRGEN", "järg", true}, {"aab", "ab", true}, {"a", "aa", false}, {"", "a", false}, {"x", "", true},
	} {
		if got := has(c.name, c.lower); got != c.want {
			t.Errorf("%q in %q: %t", c.lower, c.name, got)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		name, part := rapid.StringMatching(`[ -~]{0,20}`).Draw(r, "name"), strings.ToLower(rapid.StringMatching(`[ -~]{0,3}`).Draw(r, "part"))
		if want := strings.Contains(strings.ToLower(name), part); has(name, part) != want {
			r.Fatalf("%q in %q: want %t", part, name, want)
		}
	})
}
