package admin

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// post sends a body on a connection of its own.
func post(t *testing.T, url, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{response.StatusCode, response.Header, string(said)}
	describes(t, "POST", r.URL.Path, a)
	return a
}

const asJSON = "Content-Type: application/json; charset=utf-8"

func TestAForgottenUserIsAnsweredWithHowMuchWasKnown(t *testing.T) {
	l := newLearned()
	var asked []string
	l.forget = func(user string) (Forgotten, error) {
		asked = append(asked, user)
		return Forgotten{User: user, Followed: 2, Remembered: 1, Stored: 17}, nil
	}
	url := l.serve(t) + "/api/v1/forget"
	for body, user := range map[string]string{
		`{"user":"anna@example.com"}`:                                            "anna@example.com",
		" {\"user\" : \"CORP\\\\J\\u00f6rg\"}\n ":                                "CORP\\Jörg",
		`{"user":"` + strings.Repeat(`\u0061`, 255) + `"}`:                       strings.Repeat("a", 255),
		`{"user":"` + strings.Repeat("a", longestName-len(`{"user":""}`)) + `"}`: strings.Repeat("a", longestName-len(`{"user":""}`)),
	} {
		asked = nil
		a := post(t, url, body, asJSON)
		if a.status != 200 || a.header.Get("Content-Type") != "application/json" || len(asked) != 1 || asked[0] != user ||
			!strings.HasSuffix(a.body, `,"followed":2,"remembered":1,"stored":17}`+"\n") {
			t.Errorf("%.80s: %+v, asked for %.80q", body, a, asked)
		}
	}
}

func TestAForgettingThatMakesNoSenseForgetsNobody(t *testing.T) {
	l := newLearned()
	l.forget = func(user string) (Forgotten, error) {
		t.Errorf("%.80q was forgotten", user)
		return Forgotten{}, nil
	}
	url := l.serve(t) + "/api/v1/forget"
	for _, c := range []struct {
		body, header string
		status       int
	}{
		{"", asJSON, 400},
		{"{}", asJSON, 400},
		{"null", asJSON, 400},
		{`"anna"`, asJSON, 400},
		{`{"user":""}`, asJSON, 400},
		{`{"user":7}`, asJSON, 400},
		{`{"user":["anna","bert"]}`, asJSON, 400},
		{`{"users":"anna"}`, asJSON, 400},
		{`{"user":"anna"`, asJSON, 400},
		{`{"user":"anna"}{"user":"bert"}`, asJSON, 400},
		{`{"user":"` + strings.Repeat("a", longestName) + `"}`, asJSON, 400},
		// What a page of another site can send without asking.
		{`{"user":"anna"}`, "X-None: 1", 415},
		{`{"user":"anna"}`, "Content-Type: text/plain", 415},
		{`{"user":"anna"}`, "Content-Type: application/x-www-form-urlencoded", 415},
	} {
		a := post(t, url, c.body, c.header)
		if a.status != c.status || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.80s as %s: %+v", c.body, c.header, a)
		}
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS"} { // OPTIONS: what a browser would ask first
		if a := ask(t, method, url); a.status != 405 || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %+v", method, a)
		}
	}
}

func TestAForgettingThatFailsSaysSoAndWhatToDo(t *testing.T) {
	l := newLearned()
	l.forget = func(string) (Forgotten, error) { return Forgotten{}, errors.New("the disk is full") }
	a := post(t, l.serve(t)+"/api/v1/forget", `{"user":"anna"}`, asJSON)
	if a.status != 500 || a.body != `{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"the disk is full; not all is forgotten","remedy":"ask again"}`+"\n" {
		t.Errorf("got %+v", a)
	}
}

func TestStrangersForgetNobody(t *testing.T) {
	forget := func(string) (Forgotten, error) {
		t.Error("a stranger was heard")
		return Forgotten{}, nil
	}
	url := serve(t, Config{Token: token, Learned: &Learned{Forget: forget}}) + "/api/v1/forget"
	if a := post(t, url, `{"user":"anna"}`, asJSON); a.status != 401 {
		t.Errorf("got %+v", a)
	}
}
