package e2e

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What nginx writes into its access log is the request line as it arrived: a
// recording upstream that was not written by us.
func TestTheQueryReachesTheServerByteForByte(t *testing.T) {
	t.Parallel()
	e, user := startEdge(t, front()), server.user(t)
	// Device ids of 16 bytes whose base64 has '+' and '/', as Windows Phone sends
	// it: unescaped (servers.md, MS-ASHTTP 2.2.1.1.1.1).
	device := append([]byte{16}, bytes.Repeat([]byte{0xfb, 0xef, 0xff, 0xfe}, 4)...)
	raw := append([]byte{141, 18, 9, 4}, device...)
	windows := base64.StdEncoding.EncodeToString(append(raw, 0, 3, 'W', 'P', '8'))
	if !strings.ContainsAny(windows, "+") || !strings.ContainsAny(windows, "/") {
		t.Fatalf("%s shows neither + nor /", windows)
	}
	for name, query := range map[string]string{
		"base64, unescaped":     windows,
		"out of order":          "Zulu=1&DeviceType=T&User=" + user + "&DeviceId=ORDER&Cmd=Ping",
		"a lone percent sign":   "User=100%&DeviceId=PERCENT&DeviceType=T&Cmd=Ping",
		"semicolons":            "User=a;b&DeviceId=SEMICOLON&DeviceType=T&Cmd=Ping",
		"escapes in small case": "Cmd=Ping&User=" + user + "&DeviceId=caf%c3%a9&DeviceType=T%2f",
		"said twice":            "Cmd=Ping&Cmd=Ping&User=" + user + "&DeviceId=TWICE&DeviceType=T",
		"validate":              "Cmd=Ping&User=" + user + "&DeviceId=validate&DeviceType=T",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agent := user + ", " + name
			ask := func(p *phone) answer {
				return p.raw(t.Context(), "POST", query, nil, http.Header{"User-Agent": {agent}})
			}
			a, b := both(newPhone(t, e.door(), user, ""), newPhone(t, direct(), user, ""), ask)
			if a.status != b.status || !bytes.Equal(a.body, b.body) {
				t.Errorf("through diastole: %d %q\nstraight: %d %q", a.status, a.body, b.status, b.body)
			}
			wanted := `"POST /Microsoft-Server-ActiveSync?` + query + ` HTTP/1.1"`
			// nginx writes a line after the answer: the last one may be late.
			for range 50 {
				if len(arrived(t, agent)) >= 2 {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if got := arrived(t, agent); len(got) != 2 || got[0] != got[1] || got[0] != wanted {
				t.Errorf("arrived: %q\nwant twice: %q", got, wanted)
			}
		})
	}
}

// arrived gives the request lines of all requests with this User-Agent.
func arrived(t *testing.T, agent string) (lines []string) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(server.dir, "log/nginx.access.log"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if strings.HasSuffix(line, `"`+agent+"\"\n") {
			_, rest, _ := strings.Cut(line, "] ")
			lines = append(lines, rest[:strings.Index(rest[1:], `"`)+2])
		}
	}
	return lines
}

// Fail open: what we cannot read is for the server to answer. It gets the same
// bytes as without us, so it says the same.
func TestWhatCannotBeReadIsAnsweredByTheServer(t *testing.T) {
	t.Parallel()
	e, user := startEdge(t, front()), server.user(t)
	ping := "\x03\x01\x6a\x00\x00\x0d\x45\x48\x03" // up to the interval's text
	t.Run("bodies", func(t *testing.T) {
		for name, c := range map[string]struct{ command, body string }{
			"a Ping cut off":              {"Ping", ping},
			"an interval that is none":    {"Ping", ping + "soon\x00\x01\x01"},
			"text without an end":         {"Ping", ping + strings.Repeat("9", 5000)},
			"an absurd length":            {"Ping", "\x03\x01\x6a\x00\x00\x0d\x45\x48\xc3\x8f\xff\xff\xff\x7f60\x01\x01"},
			"not WBXML":                   {"Ping", "<Ping/>"},
			"a FolderSync cut off":        {"FolderSync", "\x03\x01\x6a\x00\x00\x07\x56\x52\x03"},
			"a Sync cut off":              {"Sync", "\x03\x01\x6a\x00\x45\x5c\x4f"},
			"a Sync of nothing but depth": {"Sync", "\x03\x01\x6a\x00" + strings.Repeat("\x45", 2000)},
			"an unknown command":          {"Frobnicate", "\x03\x01\x6a\x00\x45\x01"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ask := func(p *phone) answer {
					return p.raw(t.Context(), "POST", p.query(c.command).Encode(), []byte(c.body), http.Header{"Content-Type": {wbxmlType}})
				}
				through, straight := newPhone(t, e.door(), user, "T"+c.command), newPhone(t, direct(), user, "S"+c.command)
				a, b := both(through, straight, ask)
				if a.status != b.status || !bytes.Equal(a.body, b.body) {
					t.Errorf("through diastole: %d %q\nstraight: %d %q", a.status, a.body, b.status, b.body)
				}
			})
		}
	})
	if n := e.metric("diastole_unread_total", ".*"); n < 4 {
		t.Errorf("%v of these are counted as not understood, want each that is a Ping or a Sync", n)
	}
}
