package dovecot

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diastole/diastole/internal/wake"
)

const luaNotice = `{"user":"u","events":[{"event":"MessageNew","folder":"INBOX"}]}`

func TestAnswersSayWhatIsWrong(t *testing.T) {
	w := newWorld(t, wake.Users{})
	for _, c := range []struct {
		name, method, path, authorization, body string
		status                                  int
		want                                    string
	}{
		{"the script", "POST", "/lua", "Bearer " + secret, luaNotice, 204, ""},
		{"the scheme in another case", "POST", "/lua", "bearer " + secret, luaNotice, 204, ""},
		{"OX", "PUT", "/ox", "Basic b3g6MDEyMzQ1Njc4OWFiY2RlZg==", oxNotice, 204, ""},
		{"no token", "POST", "/lua", "", luaNotice, 401, "wake.dovecot.token_file"},
		{"another token", "POST", "/lua", "Bearer " + secret + "0", luaNotice, 401, "token is missing or wrong"},
		{"a part of the token", "POST", "/lua", "Bearer 0123456789", luaNotice, 401, "token is missing or wrong"},
		{"another scheme", "POST", "/lua", "Digest " + secret, luaNotice, 401, "token is missing or wrong"},
		{"another path", "POST", "/", "Bearer " + secret, luaNotice, 404, "POST /lua"},
		{"a browser", "GET", "/lua", "Bearer " + secret, "", 404, "POST /lua"},
		{"no JSON", "POST", "/lua", "Bearer " + secret, "MessageNew INBOX", 400, "JSON"},
		{"nobody", "POST", "/lua", "Bearer " + secret, `{"user":"","events":[]}`, 400, `no "user"`},
		{"too long", "POST", "/lua", "Bearer " + secret, `{"x":"` + strings.Repeat("x", 2*mostNotice), 400, "16384 octets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, text := w.send(c.method, c.path, c.authorization, c.body)
			if status != c.status || !strings.Contains(text, c.want) {
				t.Errorf("%d %q, want %d with %q", status, text, c.status, c.want)
			}
		})
	}
	for label, want := range map[string]float64{"lua nobody": 2, "lua token": 4, "lua unreadable": 3, "lua woke": 0, "ox nobody": 1, " path": 2} {
		if got := w.value("dovecot_notices_total", label); got != want {
			t.Errorf("%q: %v counted, want %v", label, got, want)
		}
	}
}

func TestRefusalsAreLoggedOnceAndNeverNameAUser(t *testing.T) {
	w := newWorld(t, wake.Users{})
	w.listen(wake.Mailbox{User: "hannelore", Inbox: true})
	for range 100 {
		w.send("POST", "/lua", "Bearer wrong", `{"user":"hannelore","events":[]}`)
		w.send("POST", "/lua", "Bearer "+secret, `{"user":"hannelore","folder":"INBOX"}`)
		w.send("POST", "/hannelore", "Bearer "+secret, luaNotice)
		w.tell("hannelore", "MessageNew", "Hannelore")
	}
	if w.logs.Len() != 3 {
		t.Errorf("%d lines, want one of each", w.logs.Len())
	}
	for _, line := range w.logs.All() {
		if text := fmt.Sprint(line.Message, line.ContextMap()); strings.Contains(strings.ToLower(text), "hannelore") || strings.Contains(text, secret) {
			t.Errorf("logged: %s", text)
		}
	}
}

// A client that expects 100-continue has no body on its way (RFC 9110 10.1.1).
func TestTheBodyIsAskedForOnlyWhenTheTokenIsRight(t *testing.T) {
	w := newWorld(t, wake.Users{})
	for token, want := range map[string]string{secret: "HTTP/1.1 100 Continue", "wrong": "HTTP/1.1 401 Unauthorized"} {
		conn, err := net.Dial("tcp", w.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /lua HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\nAuthorization: Bearer %s\r\n\r\n", len(luaNotice), token)
		lines := bufio.NewReader(conn)
		if line, err := lines.ReadString('\n'); err != nil || strings.TrimSpace(line) != want {
			t.Fatalf("%s: %q, %v", token, line, err)
		}
		if token != secret {
			continue
		}
		fmt.Fprintf(conn, "%s", luaNotice)
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(lines, nil)
		if err != nil || answer.StatusCode != 204 {
			t.Errorf("%v, %v", answer, err)
		}
	}
}

func TestATokenThatCouldBeGuessedOrNotSentIsRefused(t *testing.T) {
	for token, want := range map[string]string{"": "has 0 characters", "fifteen-letters": "at least 16", "sixteen letters!": "a space", "sixteen-lettersü": "no header can carry"} {
		if s, err := Listen(Config{Listen: "127.0.0.1:0", Token: token}); err == nil {
			s.Close()
			t.Errorf("%q is taken", token)
		} else if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "openssl rand") {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestAnAddressThatIsTakenIsSaid(t *testing.T) {
	w := newWorld(t, wake.Users{})
	if _, err := Listen(Config{Listen: w.Addr().String(), Token: secret}); err == nil || !strings.Contains(err.Error(), w.Addr().String()) {
		t.Errorf("%v", err)
	}
}

func TestThePageNamesEveryMetricOfTheEndpoint(t *testing.T) {
	page, err := os.ReadFile("../../../docs/wake-dovecot.md")
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewRegistry()
	newCounts(r)
	families, err := r.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if !strings.Contains(string(page), f.GetName()) || !strings.Contains(string(page), "`"+l.GetValue()+"`") && l.GetValue() != "" {
					t.Errorf("%s of %q is not on the page", f.GetName(), l.GetValue())
				}
			}
		}
	}
}
