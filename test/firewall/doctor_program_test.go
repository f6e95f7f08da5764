//go:build linux

package firewall

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/test/netns"
)

const nginx55 = `daemon off; master_process off; pid <dir>/nginx.pid; error_log <dir>/nginx.log; events {}
http {
  access_log off;
  client_body_temp_path <dir>/body; proxy_temp_path <dir>/proxy; fastcgi_temp_path <dir>/f; uwsgi_temp_path <dir>/u; scgi_temp_path <dir>/s;
  server {
    listen <address> ssl; ssl_certificate <dir>/both.pem; ssl_certificate_key <dir>/both.pem;
    location / { proxy_pass http://<server>; proxy_http_version 1.1; proxy_read_timeout 55s; }
  }
}
`

const haproxy55 = `defaults
  mode http
  timeout connect 5s
  timeout client 3600s
  timeout server 55s
frontend phones
  bind <address> ssl crt <dir>/both.pem
  default_backend server
backend server
  server one <server>
`

// A balancer that looks at TCP alone has no words for its time-out: it closes.
const balancer55 = `defaults
  mode tcp
  timeout connect 5s
  timeout client 55s
  timeout server 55s
frontend phones
  bind <address> ssl crt <dir>/both.pem
  default_backend server
backend server
  server one <server>
`

// answer is the part of its report that these tests look at.
type answer struct {
	code    int
	Verdict struct {
		Side  string
		After float64 `json:"after_seconds"`
		Says  string
	}
	Holds []struct{ End string }
	Again *struct {
		End  string
		Took float64 `json:"took_seconds"`
	}
}

// ask runs the whole program where the phones are, as a script would.
func (h *mailHost) ask(flags ...string) (a answer) {
	h.Helper()
	binary, err := build()
	if err != nil {
		h.Fatal(err)
	}
	cmd := exec.Command(binary, append([]string{"doctor", "--json", "--url", "https://" + netns.ServerAddress, "--ca", filepath.Join(h.dir, "ca.pem"),
		"--user", "anna", "--password-file", filepath.Join(h.dir, "password")}, flags...)...)
	var said, out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := h.world.Phones.Start(cmd); err != nil {
		h.Fatal(err)
	}
	var failed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
		h.Fatal(err)
	}
	h.Logf("\n%s", said.String())
	if err := json.Unmarshal([]byte(out.String()), &a); err != nil {
		h.Fatalf("%v in:\n%s", err, out.String())
	}
	a.code = cmd.ProcessState.ExitCode()
	return a
}

// is fails unless the verdict is this side, within five seconds, and begins so.
func (a answer) is(t *testing.T, code int, side string, after time.Duration, says string) {
	t.Helper()
	at := time.Duration(a.Verdict.After * float64(time.Second))
	if a.code != code || a.Verdict.Side != side || (at-after).Abs() > 5*time.Second || !strings.HasPrefix(a.Verdict.Says, says) {
		t.Errorf("exit code %d, %+v, want %d, %s after %s", a.code, a, code, side, after)
	}
}

func TestTheProgramFindsAFirewallThatForgetsAfter40Seconds(t *testing.T) {
	t.Parallel()
	h := newMailHost(t, netns.New(t, 40*time.Second))
	h.alone()
	a := h.ask("--holds", "30s,45s,300s", "--search", "80s")
	a.is(t, 1, "client", 40*time.Second, "Client side: ")
}

func TestTheProgramFindsNginxThatClosesAfter55Seconds(t *testing.T) {
	t.Parallel()
	need(t, "nginx")
	h := newMailHost(t, netns.New(t, 10*time.Minute))
	h.behind(nginx55, "nginx", "-p", h.dir, "-c")
	h.ask("--holds", "30s,60s,300s").isTheProxys(t)
}

func TestTheProgramFindsHAProxyThatClosesAfter55Seconds(t *testing.T) {
	t.Parallel()
	need(t, "haproxy")
	h := newMailHost(t, netns.New(t, 10*time.Minute))
	h.behind(haproxy55, "haproxy", "-f")
	h.ask("--holds", "30s,60s,300s").isTheProxys(t)
}

func TestTheProgramFindsABalancerThatClosesAfter55Seconds(t *testing.T) {
	t.Parallel()
	need(t, "haproxy")
	h := newMailHost(t, netns.New(t, 10*time.Minute))
	h.behind(balancer55, "haproxy", "-f")
	a := h.ask("--holds", "30s,60s,300s")
	a.is(t, 1, "server", 55*time.Second, "Server side: the far end closes the connection (FIN) after 55s")
	if a.Again == nil || a.Again.End != "closed" || a.Holds[0].End != "held" {
		t.Errorf("%+v", a)
	}
}

// isTheProxys fails unless it is the time-out of 55 s, seen twice.
func (a answer) isTheProxys(t *testing.T) {
	t.Helper()
	a.is(t, 1, "proxy", 55*time.Second, "Server side: a proxy in front of the server ")
	if a.Again == nil || a.Again.End != "http" || a.Again.Took < 50 || a.Again.Took > 60 || a.Holds[0].End != "held" {
		t.Errorf("%+v", a)
	}
}

func TestTheProgramFindsNothingWhereNothingCuts(t *testing.T) {
	t.Parallel()
	h := newMailHost(t, netns.New(t, 10*time.Minute))
	h.alone()
	h.ask("--holds", "30s,60s,75s").is(t, 0, "none", 75*time.Second, "Nothing cuts waits of up to 1m15s")
}
