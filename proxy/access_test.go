package proxy

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

// requests are the log's lines of requests that do not wait.
func (s *stage) requestLines() (lines []map[string]any) {
	s.Helper()
	s.settled()
	for _, e := range s.log.FilterMessage("request").All() {
		lines = append(lines, e.ContextMap())
	}
	return lines
}

// wantFields: these are among a line's.
func wantFields(t *testing.T, line map[string]any, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if line[name] != value {
			t.Errorf("%s is %v, want %v, in %v", name, line[name], value, line)
		}
	}
}

func TestEachRequestThatDoesNotWaitHasOneLine(t *testing.T) {
	s := onSockets(t, lab.Answer(document("four")))
	wantReply(t, s.ask(post{cmd: "Search", body: []byte("asked")}), 200, "four")
	wantReply(t, s.ask(post{cmd: "Sync", body: []byte("\x03\x01\x6a\x00")}), 200, "four")
	wantReply(t, s.ask(post{query: "Cmd=Dance&User=anna&DeviceId=dev1&DeviceType=phone"}), 200, "four")
	lines := s.requestLines()
	if len(lines) != 3 {
		t.Fatalf("got %v", lines)
	}
	wantFields(t, lines[0], map[string]any{
		"method": "POST", "path_class": "activesync", "protocol": "HTTP/1.1", "command": "Search", "user": hashed("anna"), "device": hashed("dev1"),
		"device_type": "phone", "network": "127.0.0.0/24", "code": int64(200), "cut": false, "request_bytes": int64(5), "answer_bytes": int64(4),
	})
	wantFields(t, lines[1], map[string]any{"command": "Sync", "request_bytes": int64(4)})
	wantFields(t, lines[2], map[string]any{"command": "Unknown"})
	for _, l := range lines {
		if took, up := l["took_seconds"].(float64), l["upstream_seconds"].(float64); up <= 0 || took < up {
			t.Errorf("took %v s, of them at the server %v s", took, up)
		}
	}
}

func TestAWaitHasItsTwoLinesAndNoOther(t *testing.T) {
	s := onSockets(t, lab.Answer(document(pingSays(1))))
	wantReply(t, s.ask(post{cmd: "Ping", body: pingOf("480", "5")}), 200, pingSays(1))
	if lines := s.requestLines(); len(lines) != 0 {
		t.Errorf("got %v", lines)
	}
	for _, message := range []string{"wait begins", "wait ends"} {
		lines := s.log.FilterMessage(message).All()
		if len(lines) != 1 {
			t.Fatalf("%d lines %q", len(lines), message)
		}
		wantFields(t, lines[0].ContextMap(), map[string]any{
			"kind": "ping", "user": hashed("anna"), "device": hashed("dev1"), "network": "127.0.0.0/24", "asked_seconds": 480.0, "given_seconds": 480.0,
		})
	}
}

func TestOfAPathOnlyItsClassIsLogged(t *testing.T) {
	s := onSockets(t, lab.Answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
	for path, class := range map[string]string{
		"/SOGo/so/anna/Mail?token=t0ken": "sogo", "/owa/anna@example.com/?pass=t0ken": "owa", "/EWS/Exchange.asmx": "ews",
		"/anna": "other", "/": "root", "/Autodiscover/Autodiscover.xml?Email=anna": "autodiscover", "/.well-known/caldav": "well-known",
	} {
		before := len(s.requestLines())
		c := s.call()
		c.send("GET " + path + " HTTP/1.1\r\nHost: mail.example.test\r\n\r\n")
		wantReply(t, c.reply(), 404, "")
		c.Close()
		lines := s.requestLines()
		if len(lines) != before+1 {
			t.Fatalf("%s has %d lines", path, len(lines)-before)
		}
		wantFields(t, lines[before], map[string]any{"path_class": class, "command": "other", "method": "GET", "code": int64(404), "user": "-", "device": "-"})
		for name, value := range lines[before] {
			if text, ok := value.(string); ok && (strings.Contains(text, "anna") || strings.Contains(text, "t0ken")) {
				t.Errorf("%s: %s is %q", path, name, text)
			}
		}
	}
}

func TestARequestThatWasCutSaysSo(t *testing.T) {
	s := onSockets(t, func(x *lab.Exchange) error {
		if err := x.ReadBody(); err != nil {
			return err
		}
		if err := x.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"); err != nil {
			return err
		}
		return io.EOF
	})
	if got := s.ask(post{cmd: "Search"}); !got.cut {
		t.Fatalf("the phone got %+v", got)
	}
	lines := s.requestLines()
	if len(lines) != 1 {
		t.Fatalf("got %v", lines)
	}
	wantFields(t, lines[0], map[string]any{"code": int64(200), "cut": true, "answer_bytes": int64(4)})
}

func TestRequestsHaveNoLineWhereNoneIsWanted(t *testing.T) {
	s := onSockets(t, lab.Answer(document("")), func(c *Config) { c.LogRequests = false })
	s.proxy.Apply(Settings{})
	wantReply(t, s.ask(post{cmd: "Search"}), 200, "")
	if lines := s.requestLines(); len(lines) != 0 {
		t.Errorf("got %v", lines)
	}
	s.proxy.Apply(Settings{LogRequests: true})
	wantReply(t, s.ask(post{cmd: "Search"}), http.StatusOK, "")
	if lines := s.requestLines(); len(lines) != 1 {
		t.Errorf("after it was switched on: %v", lines)
	}
}

func TestADeviceThatNamesItsUserInItsUserAgentIsMasked(t *testing.T) {
	s := onSockets(t, lab.Answer(document(pingSays(1))))
	const agent = "User-Agent: Mail/1 (ANNA.smith@Example.com; dev1; of Anna.Smith)\r\n"
	for _, p := range []post{{cmd: "Search", user: "Anna.Smith@example.com", lines: agent}, {cmd: "Ping", user: "Anna.Smith@example.com", lines: agent, body: pingOf("480", "5")}} {
		wantReply(t, s.ask(p), 200, pingSays(1))
	}
	lines := append(s.requestLines(), s.begun())
	if len(lines) != 2 {
		t.Fatalf("got %v", lines)
	}
	for _, l := range lines {
		wantFields(t, l, map[string]any{"user_agent": "Mail/1 (***; ***; of ***)", "device_type": "phone"})
	}
}

func TestANameAtTheEndOfALongUserAgentAndOneInLatin1AreMaskedWhole(t *testing.T) {
	s := onSockets(t, lab.Answer(document("")))
	long := strings.Repeat("x", maxName-8)
	for _, p := range []post{
		{cmd: "Search", user: "anna.smith", lines: "User-Agent: " + long + "anna.smith\r\n"},
		{cmd: "Search", user: "j\xfcrgen", lines: "User-Agent: Mail of J\xfcrgen\r\n"},
	} {
		wantReply(t, s.ask(p), 200, "")
	}
	lines := s.requestLines()
	wantFields(t, lines[0], map[string]any{"user_agent": long + "***"})
	wantFields(t, lines[1], map[string]any{"user_agent": "Mail of ***"})
}

func TestAUserWhomOnlyTheQueryNamesIsInOneSpellingToo(t *testing.T) {
	s := onSockets(t, lab.Answer(document("")))
	c := s.call()
	defer c.Close()
	for _, command := range []string{"Search", "Ping"} {
		c.send("POST /Microsoft-Server-ActiveSync?Cmd=" + command + "&User=CORP%5CAnna&DeviceId=dev1&DeviceType=phone HTTP/1.1\r\nHost: up.test\r\nContent-Length: 0\r\n\r\n")
		wantReply(t, c.reply(), 200, "")
	}
	for _, l := range append(s.requestLines(), s.begun()) {
		wantFields(t, l, map[string]any{"user": hashed("anna@corp")})
	}
}

func TestALineHashesNamesOnceEach(t *testing.T) {
	var hashes atomic.Int64
	s := onSockets(t, lab.Answer(document("")), func(c *Config) {
		c.LogName = func(name string) string { hashes.Add(1); return hashed(name) }
	})
	wantReply(t, s.ask(post{cmd: "Search", user: "samuel@example.com", lines: "User-Agent: Mail/1\r\n"}), 200, "")
	if s.requestLines(); hashes.Load() != 2 {
		t.Errorf("%d hashes for one user and one device", hashes.Load())
	}
}

func TestWhereNamesAreWrittenInPlainNothingIsMasked(t *testing.T) {
	s := onSockets(t, lab.Answer(document("")), func(c *Config) { c.LogName = func(name string) string { return name } })
	wantReply(t, s.ask(post{cmd: "Search", user: "samuel", lines: "User-Agent: SAMSUNG of samuel\r\n"}), 200, "")
	wantFields(t, s.requestLines()[0], map[string]any{"user": "samuel", "user_agent": "SAMSUNG of samuel"})
}
