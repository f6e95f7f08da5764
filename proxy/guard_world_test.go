package proxy

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

const challenge = "WWW-Authenticate: Basic realm=\"mail.example.test\"\r\nwww-authenticate: Bearer\r\n"

// directory is a server that knows one password for everybody, and counts who tries.
type directory struct {
	public string // a path that it answers without a look at the password
	open   bool   // and OPTIONS too

	mu     sync.Mutex
	right  string
	logins map[string]int
}

func newDirectory() *directory {
	return &directory{right: "right", public: "/logo.png", logins: map[string]int{}}
}

// script answers an empty document to whoever has the password; a Ping it holds.
func (d *directory) script(x *lab.Exchange) error {
	_, text, _ := strings.Cut(x.Request.Get("Authorization"), " ")
	raw, _ := base64.StdEncoding.DecodeString(text)
	_, password, _ := strings.Cut(string(raw), ":")
	d.mu.Lock()
	d.logins[string(raw)]++
	right := d.right
	d.mu.Unlock()
	switch {
	case x.Request.Method == "OPTIONS" && d.open:
		return lab.Answer("HTTP/1.1 200 OK\r\nMS-ASProtocolVersions: 14.1\r\nContent-Length: 0\r\n\r\n")(x)
	case strings.HasPrefix(x.Request.Target, d.public):
		return lab.Answer("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\npng")(x)
	case password != right:
		return lab.Answer("HTTP/1.1 401 Unauthorized\r\n" + challenge + "Content-Length: 6\r\n\r\nwrong\n")(x)
	case strings.Contains(x.Request.Target, "Cmd=Ping"):
		return after(8*time.Minute, lab.Answer(nothingNew))(x)
	}
	return lab.Answer(document(""))(x)
}

// trusting is a proxy in front of ours, from which all requests come.
func trusting(c *Config) {
	c.ForwardedFrom = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
}

func shielded(s Shield) func(*Config) { return func(c *Config) { c.Shield = s } }

// try is a request of somebody, with a password.
type try struct {
	cmd, user, device, password string
	from                        string // as the proxy in front names it
	path                        string // instead of ActiveSync's
	authorization               string // instead of Basic with user and password
}

func (a try) raw() string {
	if a.user == "" {
		a.user = "anna"
	}
	if a.cmd == "" {
		a.cmd = "FolderSync"
	}
	path, body := a.path, ""
	if path == "" {
		path = "/Microsoft-Server-ActiveSync?Cmd=" + a.cmd + "&User=" + a.user + "&DeviceId=" + a.device + "&DeviceType=phone"
	}
	if a.cmd == "Ping" {
		body = string(pingOf("480", "1"))
	}
	if a.authorization == "" {
		a.authorization = basic(a.user, a.password)
	}
	forwarded := ""
	if a.from != "" {
		forwarded = "X-Forwarded-For: " + a.from + "\r\n"
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: mail.example.test\r\nAuthorization: %s\r\n%sMS-ASProtocolVersion: 14.1\r\nContent-Length: %d\r\n\r\n%s",
		path, a.authorization, forwarded, len(body), body)
}

// tries sends it on a connection of its own.
func (s *stage) tries(a try) reply {
	s.Helper()
	c := s.call()
	defer c.Close()
	c.send(a.raw())
	return c.reply()
}

// wantAt tries, and wants its answer at once.
func (s *stage) wantAt(a try, code int) {
	s.Helper()
	began := time.Now()
	if got := s.tries(a); got.code != code || time.Since(began) != 0 {
		s.Errorf("%+v: answered %d after %s, want %d at once", a, got.code, time.Since(began), code)
	}
}

// expects changes everybody's password.
func (d *directory) expects(right string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.right = right
}

func (d *directory) count(who string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.logins[who]
}

func (d *directory) wantLogins(t *testing.T, who string, want int) {
	t.Helper()
	if n := d.count(who); n != want {
		t.Errorf("%s: %d logins, want %d", who, n, want)
	}
}

// refusals are the lines that say so: kind and client.
func (s *stage) refusals() (lines []string) {
	for _, e := range s.log.FilterMessage("login refused").All() {
		m := e.ContextMap()
		lines = append(lines, fmt.Sprint(m["kind"], " ", m["client"]))
	}
	return lines
}
