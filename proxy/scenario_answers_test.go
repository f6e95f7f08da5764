package proxy

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

func TestScenario22StatusesThatAreNoMail(t *testing.T) {
	status := func(n int) string { return pingSays(eas.PingStatus(n)) }
	attributes := strings.Replace(status(2), "\x47\x03", "\xc7\x03", 1)
	extra := strings.Replace(status(1), "\x47\x03", "\x06\x7f\x03new\x00\x01\x00\x11\x45\x01\x00\x0d\x47\x03", 1)
	for _, c := range []struct{ name, body, status, outcome, unread string }{
		{"3", status(3), "3", "refused", ""},
		{"4", status(4), "4", "refused", ""},
		{"6", status(6), "6", "refused", ""},
		{"7", status(7), "7", "refused", ""},
		{"8", status(8), "8", "refused", ""},
		{"9, which is not known", status(9), "other", "refused", ""},
		{"142, not provisioned", status(142), "other", "refused", ""},
		{"2147483648", status(1 << 31), "other", "refused", ""},
		{"0", status(0), "unread", "upstream", "ping-answer other"},
		{"none", "\x03\x01\x6a\x00\x00\x0d\x05", "unread", "upstream", "ping-answer other"},
		{"two", strings.Replace(status(2), "\x01\x01", "\x01\x47\x031\x00\x01\x01", 1), "unread", "upstream", "ping-answer other"},
		{"attributes", attributes, "unread", "upstream", "ping-answer attributes"},
		{"an empty body", "", "unread", "upstream", "ping-answer other"},
		{"another document", string((&eas.SyncResponse{Status: 1}).Append(nil)), "unread", "upstream", "ping-answer document"},
		{"tags that are not known, and Status 1", extra, "1", "early", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := onSockets(t, lab.Answer(document(c.body)))
			wantReply(t, s.ask(post{cmd: "Ping", body: pingOf("480", "1")}), 200, c.body)
			s.wantOutcomes("ping " + c.outcome)
			if n := s.count("diastole_wait_answers_total", "kind", "ping", "status", c.status); n != 1 {
				t.Errorf("counted %+v, want status %s", s.series("diastole_wait_answers_total"), c.status)
			}
			if known := s.proxy.memory.Len() > 0; known != (c.status == "1") {
				t.Errorf("remembered: %v", known)
			}
			if c.unread != "" {
				s.wantUnread(c.unread)
			} else {
				s.wantUnread()
			}
			s.wantQuiet()
		})
	}
}

const signIn = "<!DOCTYPE html><title>Sign in</title>"

func TestScenario23SignInPageIsNoAnswer(t *testing.T) {
	ping, sync := post{cmd: "Ping", body: pingOf("480", "1")}, post{cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}
	for _, kind := range []string{"text/html; charset=utf-8", "", "application/octet-stream"} {
		for _, p := range []post{ping, sync} {
			t.Run(p.cmd+" "+kind, func(t *testing.T) {
				field := ""
				if kind != "" {
					field = "Content-Type: " + kind + "\r\n"
				}
				s := onSockets(t, lab.Answer(fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", field, len(signIn), signIn)))
				got := s.ask(p)
				wantReply(t, got, 200, signIn)
				if got.header.Get("Content-Type") != kind {
					t.Errorf("Content-Type %q", got.header.Get("Content-Type"))
				}
				s.settled()
				s.wantOutcomes(strings.ToLower(p.cmd) + " upstream")
				s.wantUnread(strings.ToLower(p.cmd) + "-answer document")
				if s.proxy.memory.Len() != 0 {
					t.Error("it is remembered")
				}
				s.wantQuiet()
			})
		}
	}
}

func TestScenario24AnswerInPieces(t *testing.T) {
	mail := string(eas.PingResponse{Status: 2, Folders: []string{"5"}}.Append(nil))
	for name, body := range map[string]string{"": mail, ", garbage behind it": mail + "\x03\x01garbage\x00"} {
		bytewise := strings.Split(document(body), "")
		chunks := []string{docHead + "Transfer-Encoding: chunked\r\n\r\n"}
		for _, c := range strings.Split(body, "") {
			chunks = append(chunks, lab.Chunk(c))
		}
		chunks = append(chunks, lab.Chunk(""))
		for name, script := range map[string]lab.Script{
			"in one piece" + name:         lab.Answer(document(body)),
			"one byte a segment" + name:   lab.Answer(bytewise...),
			"one byte a chunk" + name:     lab.Answer(chunks...),
			"until the end" + name:        after(0, cutAfter(docHead+"\r\n"+body)),
			"from an old server" + name:   after(0, cutAfter("HTTP/1.0"+docHead[8:]+"\r\n"+body)),
			"after empty lines" + name:    lab.Answer("\r\n\r\n" + document(body)),
			"with the body later" + name:  lab.Answer(docHead+"Content-Length: "+fmt.Sprint(len(body))+"\r\n\r\n", body),
			"packed in two halves" + name: lab.Answer(packed(mail)[:60], packed(mail)[60:]),
		} {
			t.Run(name, func(t *testing.T) {
				s := onSockets(t, script)
				got := s.ask(post{cmd: "Ping", body: pingOf("480", "5")})
				if got.code != 200 || got.cut || got.header.Get("Content-Encoding") == "" && got.body != body {
					t.Errorf("the phone got %+v", got)
				}
				s.wantOutcomes("ping changed")
				s.wantUnread()
			})
		}
	}
}

func TestScenario25RefusalsInTheMiddle(t *testing.T) {
	for _, c := range []struct{ status, lines, outcome string }{
		{"401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "refused"},
		{"403 Forbidden", "", "refused"},
		{"449 Retry after sending a PROVISION command", "", "refused"},
		{"451 Redirect", "X-MS-Location: https://other.example.test/Microsoft-Server-ActiveSync\r\n", "refused"},
		{"429 Too Many Requests", "Retry-After: 7\r\n", "refused"},
		{"302 Found", "Location: /owa\r\n", "refused"},
		{"500 Internal Server Error", "", "upstream"},
		{"503 Service Unavailable", "Retry-After: 312\r\nX-MS-ASThrottle: CommandFrequency\r\n", "upstream"},
		{"507 Insufficient Storage", "", "upstream"},
	} {
		for _, body := range []string{"", signIn, pingSays(2)} {
			for _, p := range []post{{cmd: "Ping", body: pingOf("480", "1")}, {cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}} {
				t.Run(fmt.Sprintf("%s/%s/%d bytes", p.cmd, c.status, len(body)), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := inMemory(t, after(time.Minute, lab.Answer(fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", c.status, c.lines, len(body), body))))
						began := time.Now()
						got := s.ask(p)
						if took := time.Since(began); took != time.Minute {
							t.Errorf("passed on after %v", took)
						}
						wantReply(t, got, code(c.status), body)
						if name, value, _ := strings.Cut(strings.TrimSuffix(c.lines, "\r\n"), ": "); name != "" {
							if first, _, _ := strings.Cut(value, "\r\n"); got.header.Get(name) != first {
								t.Errorf("%s: %q, want %q", name, got.header.Get(name), first)
							}
						}
						s.settled()
						s.wantSent(p.body)
						s.wantOutcomes(strings.ToLower(p.cmd) + " " + c.outcome)
						s.wantUnread()
						if s.proxy.memory.Len() != 0 {
							t.Error("it is remembered")
						}
						s.wantQuiet()
					})
				})
			}
		}
	}
}
