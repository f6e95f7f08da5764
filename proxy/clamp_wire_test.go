package proxy

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/policy"
	"github.com/diastole/diastole/wbxml/eas"
)

// clamping serves a proxy with a policy in front of a recorder that answers every
// Ping with Status 1 and every Sync with nothing.
func clamping(t *testing.T, spec policy.Spec) (*lab.Recorder, *httptest.Server) {
	t.Helper()
	rules, err := policy.Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	rec := lab.NewRecorder(lab.Answer("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: 13\r\n\r\n" + string(status1)))
	t.Cleanup(rec.Close)
	base, err := rec.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(base)
	p := New(Config{Upstream: u, Settings: Settings{Policy: rules}})
	s := httptest.NewUnstartedServer(p)
	s.Config.ConnContext, s.Config.ConnState = p.lobby.ConnContext, p.lobby.ConnState
	s.StartTLS()
	t.Cleanup(s.Close)
	return rec, s
}

// tenMinutes is a firewall of 10 min 30 s with the usual margin.
var tenMinutes = policy.Spec{Mode: policy.Enforce, FirewallIdle: 630 * time.Second, Margin: 30 * time.Second, Clamp: policy.Early}

func pingBody(seconds int, folders ...string) []byte {
	p := eas.PingRequest{HasInterval: seconds > 0, Interval: seconds, HasFolders: len(folders) > 0}
	for _, id := range folders {
		p.Folders = append(p.Folders, eas.PingFolder{ID: []byte(id), Class: []byte("Email")})
	}
	return p.Append(nil)
}

// asPhone is a request as a phone writes it.
func asPhone(command string, body []byte, framing string) string {
	head := "POST /Microsoft-Server-ActiveSync?Cmd=" + command + "&User=u&DeviceId=d&DeviceType=t HTTP/1.1\r\nHost: h\r\n" +
		"Authorization: Basic dTpw\r\nMS-ASProtocolVersion: 14.1\r\nUser-Agent: Android/7\r\n"
	if len(body) > 0 {
		head += "Content-Type: application/vnd.ms-sync.wbxml\r\n"
	}
	if framing == "chunked" {
		return head + "Transfer-Encoding: chunked\r\n\r\n" + lab.Chunk(string(body)) + lab.Chunk("")
	}
	return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

// TestAnEarlyClampChangesTheIntervalsBytesAndTheirLength and nothing else.
func TestAnEarlyClampChangesTheIntervalsBytesAndTheirLength(t *testing.T) {
	sync := func(wait, interval int, partial bool) []byte {
		r := eas.SyncRequest{Wait: wait, Interval: interval, Partial: partial}
		if !partial {
			r.Collections = []eas.SyncCollection{{ID: "5", SyncKey: "7", FilterType: 2, GetChanges: true}}
		}
		return r.Append(nil, "14.1")
	}
	for _, c := range []struct {
		name, command, framing string
		sent, want             []byte
	}{
		{"Ping, four digits to three", "Ping", "", pingBody(1680, "5", "1"), pingBody(600, "5", "1")},
		{"Ping, interval only", "Ping", "", pingBody(900), pingBody(600)},
		{"Ping in chunks", "Ping", "chunked", pingBody(900, "5"), pingBody(600, "5")},
		{"Sync with HeartbeatInterval", "Sync", "", sync(-1, 1800, false), sync(-1, 600, false)},
		{"Sync with Wait", "Sync", "", sync(59, -1, false), sync(10, -1, false)},
		{"partial Sync", "Sync", "", sync(-1, 3540, true), sync(-1, 600, true)},
		{"at the limit", "Ping", "", pingBody(600, "5"), pingBody(600, "5")},
		{"below the limit", "Ping", "", pingBody(180, "5"), pingBody(180, "5")},
		{"no number", "Ping", "", bytes.Replace(pingBody(900, "5"), []byte("900"), []byte("9x0"), 1), bytes.Replace(pingBody(900, "5"), []byte("900"), []byte("9x0"), 1)},
		{"broken", "Ping", "", pingBody(900, "5")[:20], pingBody(900, "5")[:20]},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec, front := clamping(t, tenMinutes)
			p := call(t, front)
			p.send(t, asPhone(c.command, c.sent, c.framing))
			p.receive(t, false)
			got := next(t, rec)
			if !bytes.Equal(got.Body, c.want) {
				t.Errorf("body\nsent %x\ngot  %x\nwant %x", c.sent, got.Body, c.want)
			}
			head, _, _ := strings.Cut(asPhone(c.command, c.want, c.framing), "\r\n\r\n")
			hop := []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}
			var want []lab.Field
			for _, line := range strings.Split(head, "\r\n")[1:] {
				name, value, _ := strings.Cut(line, ": ")
				want = append(want, lab.Field{Name: name, Value: value})
			}
			if want, have := without(want, hop...), without(got.Fields, hop...); !slices.Equal(want, have) {
				t.Errorf("headers\nwant %q\ngot  %q", want, have)
			}
		})
	}
}

// TestARequestWithoutABodyIsClampedByTheShortestOne: what the server remembers
// would be longer than the limit.
func TestARequestWithoutABodyIsClampedByTheShortestOne(t *testing.T) {
	rec, front := clamping(t, tenMinutes)
	p := call(t, front)
	p.send(t, asPhone("Ping", pingBody(900, "5"), ""))
	p.receive(t, false)
	next(t, rec)
	p.send(t, asPhone("Ping", nil, ""))
	p.receive(t, false)
	got := next(t, rec)
	if want := pingBody(600); !bytes.Equal(got.Body, want) || got.Get("Content-Type") != "application/vnd.ms-sync.wbxml" {
		t.Errorf("an empty Ping went up as %x (%s), want %x", got.Body, got.Get("Content-Type"), want)
	}
}

// TestARefusalSaysTheLimitAndNothingGoesUp, once: a device that asks again is deaf,
// and its request goes up with the limit.
func TestARefusalSaysTheLimitAndNothingGoesUp(t *testing.T) {
	spec := tenMinutes
	spec.Clamp, spec.Learn = policy.Refuse, policy.LearnObserve
	rec, front := clamping(t, spec)
	p := call(t, front)
	introduce := func(p *phone, device string) { // only whom the server has accepted is told anything
		p.send(t, strings.Replace(asPhone("Ping", pingBody(60, "5"), ""), "DeviceId=d", "DeviceId="+device, 1))
		p.receive(t, false)
		next(t, rec)
	}
	introduce(p, "d")
	p.send(t, asPhone("Ping", pingBody(900, "5"), ""))
	m, _ := p.receive(t, false)
	said, err := eas.ParsePingResponse([]byte(m.body))
	if err != nil || said.Status != eas.PingInterval || said.Interval != 600 {
		t.Fatalf("refused with %+v, %v", said, err)
	}
	if seen := rec.Requests(); len(seen) != 1 {
		t.Fatalf("the server has seen %d requests, not only the first", len(seen))
	}
	p.send(t, asPhone("Ping", pingBody(900, "5"), ""))
	p.receive(t, false)
	if got := next(t, rec); !bytes.Equal(got.Body, pingBody(600, "5")) {
		t.Errorf("a deaf device's Ping went up as %x", got.Body)
	}
	sync := eas.SyncRequest{Wait: 59, Interval: -1, Partial: true}
	other := call(t, front)
	introduce(other, "e")
	other.send(t, strings.Replace(asPhone("Sync", sync.Append(nil, "14.1"), ""), "DeviceId=d", "DeviceId=e", 1))
	m, _ = other.receive(t, false)
	if said, err := eas.ParseSyncResponse([]byte(m.body)); err != nil || said.Status != eas.SyncInvalidWait || said.Limit != 10 {
		t.Errorf("a Sync was refused with %+v, %v", said, err)
	}
}

// TestObservingChangesNoByteAndDenyingLetsNothingThrough.
func TestObservingChangesNoByteAndDenyingLetsNothingThrough(t *testing.T) {
	spec := tenMinutes
	spec.Mode = policy.Observe
	rec, front := clamping(t, spec)
	p := call(t, front)
	p.send(t, asPhone("Ping", pingBody(900, "5"), ""))
	p.receive(t, false)
	if got := next(t, rec); !bytes.Equal(got.Body, pingBody(900, "5")) {
		t.Errorf("observed, and went up as %x", got.Body)
	}
	spec = tenMinutes
	spec.Rules = []policy.RuleSpec{{Name: "lost-phone", Match: policy.Match{Device: []string{"d"}}, Deny: true}}
	rec, front = clamping(t, spec)
	p = call(t, front)
	for _, command := range []string{"Ping", "Sync", "FolderSync"} {
		p.send(t, asPhone(command, pingBody(60, "5"), ""))
		if m, _ := p.receive(t, false); !strings.Contains(m.first, "403") {
			t.Errorf("%s of a denied device: %q", command, m.first)
		}
	}
	if seen := rec.Requests(); len(seen) != 0 {
		t.Errorf("the server has seen %q", seen[0].Head)
	}
}
