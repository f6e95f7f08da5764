package proxy

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// guid holds bytes that base64 spells with '/' and '+', and that are no text.
var guid = []byte("\x00\xfb\xef\xbe\xff\xff\xff\x00\x10\x83\x00\x3f\xff\xfe\x3e\x80")

// base64Ping is the query of MS-ASHTTP 2.2.1.1.1.1 for a Ping of 14.1.
func base64Ping(device []byte) string {
	fields := append([]byte{141, 18, 9, 4, byte(len(device))}, device...)
	fields = append(fields, 0, 5)
	return base64.StdEncoding.EncodeToString(append(fields, "phone"...))
}

func TestScenario28QueriesOfEverySpelling(t *testing.T) {
	binary := base64Ping(guid)
	if !strings.ContainsAny(binary, "/") || !strings.Contains(binary, "+") {
		t.Fatalf("%s has no / or no +", binary)
	}
	for name, c := range map[string]struct{ query, device string }{
		"base64, binary id":            {binary, hex.EncodeToString(guid)},
		"base64, no padding":           {strings.TrimRight(base64Ping([]byte("v140Device")), "="), "v140device"},
		"base64, padding":              {base64Ping([]byte("v140Devic")), "v140devic"},
		"raw backslash":                {`Cmd=Ping&User=DOM\anna&DeviceId=dev1&DeviceType=phone`, "dev1"},
		"semicolon":                    {"User=a;b&DeviceId=dev1;x&DeviceType=phone&Cmd=Ping", "dev1;x"},
		"bad %":                        {"User=100%&DeviceId=dev1%2&DeviceType=phone&Cmd=Ping&x=%zz", "dev1%2"},
		"escapes in lower case":        {"cmd=ping&user=dom%5canna&deviceid=dev%31&devicetype=phone", "dev1"},
		"plus":                         {"Cmd=Ping&User=a+b@example.test&DeviceId=dev+1&DeviceType=phone", "dev+1"},
		"the same twice, nothing else": {"Cmd=Ping&Cmd=Sync&DeviceId=dev1&DeviceId=x&DeviceType=phone&&=&", "dev1"},
		"no device":                    {"Cmd=Ping&User=anna&DeviceType=phone", ""},
		"validate":                     {"Cmd=Ping&User=anna&DeviceId=validate&DeviceType=phone", ""},
		"Validate":                     {"Cmd=Ping&User=anna&DeviceId=Validate&DeviceType=phone", ""},
		"validate in base64":           {base64Ping([]byte("validate")), ""},
		"validate in hexadecimal":      {"Cmd=Ping&User=anna&DeviceId=76616C6964617465&DeviceType=phone", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, lab.Answer(nothingNew))
			wantReply(t, s.ask(post{query: c.query, body: pingOf("480", "1")}), 200, pingSays(1))
			if got := s.sent(1)[0].Target; got != "/Microsoft-Server-ActiveSync?"+c.query {
				t.Errorf("it went up as %q", got)
			}
			s.wantBegun("full", 480, 1)
			s.wantOutcomes("ping early")
			s.wantUnread()
			_, known := s.proxy.memory.Last(watch.Device{Principal: "anna", ID: c.device, Type: "phone"})
			if known != (c.device != "") || s.proxy.memory.Len() > 1 {
				t.Errorf("%d devices are known, %q among them: %v", s.proxy.memory.Len(), c.device, known)
			}
		})
	}
	t.Run("both spellings are one device", func(t *testing.T) {
		s := onSockets(t, lab.Answer(nothingNew))
		s.ask(post{query: binary, body: pingOf("480", "1")})
		s.ask(post{device: strings.ToUpper(hex.EncodeToString(guid)), cmd: "Ping"})
		s.wantBegun("empty", 480, 1)
		if n := s.proxy.memory.Len(); n != 1 {
			t.Errorf("it is %d devices", n)
		}
	})
	t.Run("garbage", func(t *testing.T) {
		for _, query := range []string{"jRIJ", "====", "%%%", "jRIJBP92MTQw", "Cmd=", "Cmd", "Cmd=Ping%00"} {
			s := onSockets(t, lab.Answer(nothingNew))
			s.ask(post{query: query, body: []byte("x")})
			if got := s.sent(1)[0]; got.Target != "/Microsoft-Server-ActiveSync?"+query {
				t.Errorf("it went up as %q", got.Target)
			}
			s.wantOutcomes()
			s.wantQuiet()
		}
	})
}

// quietSync is Sync's way to say that nothing is new.
const quietSync = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: 0\r\n\r\n"

func TestScenario29PingAndSyncAreToldApartByTheRequest(t *testing.T) {
	plain, minutes, seconds, both := syncOf("1"), syncOf("1"), syncOf("1"), syncOf("1")
	plain.Wait = -1
	minutes.Wait = 1
	seconds.Wait, seconds.Interval = -1, 60
	both.Interval = 60
	for name, c := range map[string]struct {
		cmd, version string
		body         []byte
		ended        string // "": it is no wait
		took         time.Duration
	}{
		"14.1 pings":                    {"Ping", "14.1", pingOf("60", "1"), "ping expired", time.Minute},
		"14.1 hangs by the second":      {"Sync", "14.1", seconds.Append(nil, "14.1"), "sync expired", time.Minute},
		"12.1 hangs by the minute":      {"Sync", "12.1", minutes.Append(nil, "12.1"), "sync expired", time.Minute},
		"16.1 Sync that does not wait":  {"Sync", "16.1", plain.Append(nil, "16.1"), "", 0},
		"12.0 Sync":                     {"Sync", "12.0", plain.Append(nil, "12.0"), "", 0},
		"2.5 pings":                     {"Ping", "2.5", pingOf("60", "1"), "ping expired", time.Minute},
		"both elements are a mistake":   {"Sync", "14.1", both.Append(nil, "14.1"), "", 0},
		"empty Sync with nothing known": {"Sync", "14.1", nil, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answer := quietSync
				if c.cmd == "Ping" {
					answer = nothingNew
				}
				s := inMemory(t, after(c.took, lab.Answer(answer)))
				_, body, _ := strings.Cut(answer, "\r\n\r\n")
				got := s.ask(post{cmd: c.cmd, body: c.body, lines: "MS-ASProtocolVersion: " + c.version + "\r\n"})
				wantReply(t, got, 200, body)
				if len(got.header["Content-Length"]) != 1 || got.header.Get("Content-Length") == "" || len(got.header["Transfer-Encoding"]) > 0 {
					t.Errorf("framed by %v", got.header)
				}
				s.settled()
				s.wantSent(c.body)
				var ended []string
				if c.ended != "" {
					ended = append(ended, c.ended)
					if s.begun()["eas_version"] != c.version {
						t.Errorf("version %v", s.begun()["eas_version"])
					}
				}
				s.wantOutcomes(ended...)
				s.wantUnread()
			})
		})
	}
}

func TestScenario29EmptySync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, after(15*time.Minute, lab.Answer(quietSync)))
		s.ask(post{cmd: "Sync", body: syncOf("1", "2").Append(nil, "14.1")})
		s.settled()

		began := time.Now()
		got := s.ask(post{cmd: "Sync"})
		wantReply(t, got, 200, "")
		if took := time.Since(began); took != 15*time.Minute || got.header.Get("Content-Length") != "0" {
			t.Errorf("answered after %v with %v", took, got.header)
		}
		s.wantBegun("empty", 900, 2)
		s.wantOutcomes("sync expired", "sync expired")

		// The server has forgotten: it wants the whole, and what we knew stays.
		again := (&eas.SyncResponse{Status: eas.SyncIncomplete}).Append(nil)
		s.up.SetScript(lab.Answer(document(again)))
		wantReply(t, s.ask(post{cmd: "Sync"}), 200, string(again))
		s.wantOutcomes("sync expired", "sync expired", "sync refused")

		// A Sync without Wait discards the cached one: the next empty one is short.
		plain := syncOf("1")
		plain.Wait = -1
		s.up.SetScript(lab.Answer(quietSync))
		s.ask(post{cmd: "Sync", body: plain.Append(nil, "14.1")})
		s.settled()
		s.ask(post{cmd: "Sync"})
		s.settled()
		s.wantOutcomes("sync expired", "sync expired", "sync refused")
		s.wantUnread()
	})
}
