package proxy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

func TestLawFailOpen(t *testing.T) {
	ping := string(pingOf("480", "1"))
	for name, p := range map[string]post{
		"a command of the future":       {cmd: "Frobnicate", body: []byte(ping)},
		"a code of the future":          {query: "jWNJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", body: []byte(ping)},
		"a version of the future":       {cmd: "Ping", body: []byte(ping), lines: "MS-ASProtocolVersion: 99.9\r\n"},
		"a version that is none":        {cmd: "Ping", body: []byte(ping), lines: "MS-ASProtocolVersion: ' OR 1=1\r\n"},
		"no command at all":             {query: "User=anna", body: []byte(ping)},
		"XML where WBXML is meant":      {cmd: "Ping", body: []byte("<?xml version=\"1.0\"?><Ping/>")},
		"a Sync under the name of Ping": {cmd: "Ping", body: syncOf("1").Append(nil, "14.1")},
		"a Ping under the name of Sync": {cmd: "Sync", body: []byte(ping)},
		"half a Ping":                   {cmd: "Ping", body: []byte(ping[:len(ping)/2])},
		"a Ping and more":               {cmd: "Ping", body: []byte(ping + "more")},
		"over what is read":             {cmd: "Ping", body: manyFolders(20_000)},
		"packed":                        {cmd: "Ping", body: []byte("\x1f\x8b\x08\x00"), lines: "Content-Encoding: gzip\r\n"},
		"no credentials that we read":   {cmd: "Ping", body: []byte(ping), lines: "Authorization: Digest x\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			said := pingSays(7) + "as the server says it"
			s := onSockets(t, lab.Answer(document(said)))
			wantReply(t, s.ask(p), 200, said)
			s.wantSent(p.body)
			s.wantQuiet()
		})
	}
}

// Whatever happens, a phone hears that something is new only from its server.
func TestLawNeverInvent(t *testing.T) {
	mail := pingSays(2)
	hostile := map[string]lab.Script{
		"sign-in page that holds a Status 2": lab.Answer(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(mail), mail)),
		"refusal that holds a Status 2":      lab.Answer(fmt.Sprintf("HTTP/1.1 401 No\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %d\r\n\r\n%s", len(mail), mail)),
		"Status 2 that was cut":              after(0, cutAfter(docHead+"Content-Length: 99\r\n\r\n"+mail)),
		"Status 2 in what cannot be read":    lab.Answer(document("\x00" + mail)),
		"Status 2 of another document":       lab.Answer(document((&eas.SyncResponse{Status: 2}).Append(nil))),
	}
	for _, b := range breaks {
		hostile["break "+b.name] = after(0, b.script)
	}
	for name, script := range hostile {
		for _, p := range []post{{cmd: "Ping", body: pingOf("480", "1")}, {cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}} {
			t.Run(p.cmd+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := inMemory(t, script)
					got := s.ask(p)
					if said, err := eas.ParsePingResponse([]byte(got.body)); got.code == 200 && !got.cut && err == nil &&
						said.Status == eas.PingChanges && got.header.Get("Content-Type") != "text/html" {
						t.Errorf("the phone was told of mail: %+v", got)
					}
					s.settled()
					if s.count("diastole_waits_total", "outcome", "changed")+s.count("diastole_waits_total", "outcome", "expired") != 0 {
						t.Errorf("counted %+v", s.series("diastole_waits_total"))
					}
					if s.proxy.memory.Len() != 0 {
						t.Error("it is remembered")
					}
				})
			})
		}
	}
}

func TestLawNeverA5xxOfOurOwnForAWait(t *testing.T) {
	ping, sync := post{cmd: "Ping", body: pingOf("480", "1")}, post{cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}
	// What is allowed: Status 1, or 503 with Retry-After.
	orderly := func(t *testing.T, got reply) {
		t.Helper()
		if got.code == 503 && got.body == "" {
			if n, err := strconv.Atoi(got.header.Get("Retry-After")); err == nil && n > 0 {
				return
			}
		}
		if got.code != 200 || got.cut {
			t.Errorf("the phone got %+v", got)
		}
	}
	for _, b := range breaks {
		for _, p := range []post{ping, sync} {
			t.Run(p.cmd+"/"+b.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := inMemory(t, after(0, b.script))
					orderly(t, s.ask(p))
				})
			})
		}
	}
	t.Run("while we leave", func(t *testing.T) {
		s := onSockets(t, lab.Answer(nothingNew))
		s.proxy.Drain(0)
		orderly(t, s.ask(ping))
		orderly(t, s.ask(sync))
	})
	t.Run("the server's own passes", func(t *testing.T) {
		for _, status := range []int{500, 502, 503, 504} {
			s := onSockets(t, lab.Answer(fmt.Sprintf("HTTP/1.1 %d Sorry\r\nContent-Length: 3\r\n\r\nIIS", status)))
			wantReply(t, s.ask(ping), status, "IIS")
			wantReply(t, s.ask(sync), status, "IIS")
		}
	})
}

// On the kernel's level the same is tested in internal/edge: here it is what the
// proxy itself would write.
func TestLawSilentHold(t *testing.T) {
	interim := func(x *lab.Exchange) error {
		for _, line := range []string{"100 Continue", "102 Processing", "103 Early Hints\r\nLink: <x>", "199 Whatever"} {
			if err := x.Send("HTTP/1.1 " + line + "\r\n\r\n"); err != nil {
				return err
			}
		}
		return after(10*time.Minute, func(x *lab.Exchange) error {
			if err := x.Send("HTTP/1.1 102 Processing\r\n\r\n", docHead, "Transfer-Encoding: chunked\r\n\r\n", lab.Chunk(pingSays(1)[:5])); err != nil {
				return err
			}
			return after(4*time.Minute, lab.Answer(lab.Chunk(pingSays(1)[5:]), lab.Chunk("")))(x)
		})(x)
	}
	for name, p := range map[string]post{
		"Ping":                {cmd: "Ping", body: pingOf("840", "1")},
		"empty Ping":          {cmd: "Ping"},
		"large Ping":          {cmd: "Ping", body: manyFolders(5000)},
		"Sync":                {cmd: "Sync", body: syncOf("1").Append(nil, "14.1")},
		"Sync not known yet":  {cmd: "Sync"},
		"Ping with an Expect": {cmd: "Ping", body: pingOf("840", "1"), lines: "Expect: 100-continue\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := inMemory(t, interim)
				phone := s.call()
				phone.send(p.raw())
				if p.lines != "" {
					// The phone has asked for this one, before it waits.
					if got := phone.reply(); got.code != 100 {
						t.Fatalf("got %+v", got)
					}
				}
				_ = phone.SetReadDeadline(time.Now().Add(14*time.Minute - time.Second))
				if heard, err := io.ReadAll(phone.in); name != "Sync not known yet" && (len(heard) > 0 || !errors.Is(err, os.ErrDeadlineExceeded)) {
					t.Fatalf("while it waited the phone heard %q, %v", heard, err)
				} else if strings.Contains(string(heard), "HTTP/1.1 1") {
					t.Fatalf("while it waited the phone heard %q", heard)
				}
				if name == "Sync not known yet" {
					return // its answer passes as it comes, nothing before it
				}
				_ = phone.SetReadDeadline(time.Time{})
				wantReply(t, phone.reply(), 200, pingSays(1))
			})
		})
	}
}
