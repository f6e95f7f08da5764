package proxy

import (
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// badDocuments are bodies that a request must not have, made of a good one, and
// the reason under which each is counted.
func badDocuments(good string) map[string]struct{ body, reason string } {
	type bad = struct{ body, reason string }
	root := good[:strings.IndexByte(good[4:], '\x45')+5] // the header, the page and the root's tag
	return map[string]bad{
		"truncated in the header":   {good[:3], "truncated"},
		"truncated in the middle":   {good[:len(good)/2], "truncated"},
		"truncated by a byte":       {good[:len(good)-1], "truncated"},
		"another version":           {"\x63" + good[1:], "bad-header"},
		"no WBXML at all":           {"<?xml version=\"1.0\"?>", "bad-header"},
		"the wrong page":            {good[:4] + "\x00\x07" + good[len(root)-1:], "document"},
		"a page that is none":       {good[:4] + "\x00\xfe" + good[len(root)-1:], "document"},
		"mb_u_int32 without end":    {root + "\x48\xc3\xff\xff\xff\xff\xff\xff\x7f\x01\x01", "mb-uint"},
		"mb_u_int32 over 32 bits":   {root + "\x48\xc3\x9f\xff\xff\xff\x7fx\x01\x01", "mb-uint"},
		"an absurd length":          {root + "\x48\xc3\x8f\xff\xff\xff\x7fshort\x01\x01", "text-too-long"},
		"a string table reference":  {root + "\x48\x83\x05\x01\x01", "global-token"},
		"an entity":                 {root + "\x48\x02\x26\x01\x01", "global-token"},
		"attributes":                {root + "\xc8\x05\x01\x01", "attributes"},
		"depth":                     {root + strings.Repeat("\x49", 1000), "too-deep"},
		"END before the root":       {good[:4] + "\x01" + good[4:], "structure"},
		"text before the root":      {good[:4] + "\x03x\x00" + good[4:], "structure"},
		"nothing but the header":    {good[:4], "truncated"},
		"nothing but the root":      {root, "truncated"},
		"garbage":                   {strings.Repeat("\xa5\x5a", 300), "bad-header"},
		"the header, then garbage":  {good[:4] + strings.Repeat("\xfd", 300), "attributes"},
		"a text that never ends":    {root + "\x48\x03" + strings.Repeat("9", 5000), "text-too-long"},
		"elements without end":      {root + strings.Repeat("\x08", 40_000), "too-many-elements"},
		"1,000 pages, then nothing": {root + strings.Repeat("\x00\x0d", 1000), "truncated"},
	}
}

// large are those that break the limits of a Ping and not those of a Sync, which
// may be of any size.
var large = map[string]bool{"a text that never ends": true, "elements without end": true}

func TestBadInputInARequest(t *testing.T) {
	for cmd, good := range map[string]string{"Ping": string(pingOf("480", "1")), "Sync": string(syncOf("1").Append(nil, "14.1"))} {
		for name, bad := range badDocuments(good) {
			if cmd == "Sync" && large[name] {
				bad.reason = "truncated"
			}
			t.Run(cmd+"/"+name, func(t *testing.T) {
				s := onSockets(t, lab.Answer(quietSync))
				p := post{cmd: cmd, body: []byte(bad.body)}
				wantReply(t, s.ask(p), 200, "")
				s.settled()
				s.wantSent(p.body)
				want := []string{strings.ToLower(cmd) + " " + bad.reason}
				if cmd == "Ping" {
					want = append(want, "ping-answer other") // the stage's answer is for a Sync
				}
				s.wantUnread(want...)
				if s.proxy.memory.Len() != 0 {
					t.Errorf("remembered: %+v", s.last(dev1))
				}
				s.wantQuiet()
			})
		}
	}
}

func TestBadInputTooLargeToBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		p      post
		unread []string
	}{
		"Ping of 1 MB":                   {post{cmd: "Ping", body: manyFolders(50_000)}, []string{"ping too-large"}},
		"Ping of 1 MB, in chunks":        {post{cmd: "Ping", body: manyFolders(50_000), chunked: true}, []string{"ping too-large"}},
		"Ping of 1 MB of garbage":        {post{cmd: "Ping", body: []byte(strings.Repeat("\xa5", 1<<20))}, []string{"ping too-large"}},
		"Sync of 1 MB":                   {post{cmd: "Sync", body: largeSync(1 << 20)}, nil},
		"Sync of 1 MB, cut short":        {post{cmd: "Sync", body: largeSync(1 << 20)[:1<<20]}, []string{"sync truncated"}},
		"Sync of 1 MB of garbage":        {post{cmd: "Sync", body: []byte(strings.Repeat("\xa5", 1<<20))}, []string{"sync bad-header"}},
		"Sync of 1 MB, refused, garbage": {post{cmd: "Sync", body: []byte(strings.Repeat("\xa5", 1<<20)), lines: "X-Refuse: 1\r\n"}, []string{"sync bad-header"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, func(x *lab.Exchange) error {
				if err := x.ReadBody(); err != nil {
					return err
				}
				if x.Request.Get("X-Refuse") != "" {
					return x.Send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
				}
				if strings.Contains(x.Request.Target, "Ping") {
					return x.Send(nothingNew)
				}
				return x.Send(quietSync)
			})
			s.ask(c.p)
			s.settled()
			s.wantSent(c.p.body)
			s.wantUnread(c.unread...)
			s.wantQuiet()
		})
	}
}

func TestBadInputInAQuery(t *testing.T) {
	for _, query := range []string{
		"", "====", "AAAA", "jRIJBP8xMjM0", "jRIJBAp2MTQwRGV2aWNlBf", "jRIJBAp2MTQwRGV2aWNlA2FiYwRhYmNk", "/+/+/+/+", "User=anna",
		strings.Repeat("jRIJ", 5000), "&&&&", "Cmd%3DPing", strings.Repeat("a=b&", 5000) + "x",
	} {
		t.Run(fmt.Sprintf("%.30s", query), func(t *testing.T) {
			s := onSockets(t, lab.Answer(quietSync))
			phone := s.call()
			phone.send("POST /Microsoft-Server-ActiveSync?" + query + " HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
			wantReply(t, phone.reply(), 200, "")
			s.settled()
			if got := s.sent(1)[0]; got.Target != "/Microsoft-Server-ActiveSync?"+query || string(got.Body) != "body" {
				t.Errorf("it went up as %.60q with %q", got.Target, got.Body)
			}
			s.wantUnread("query malformed")
			s.wantOutcomes()
			s.wantQuiet()
		})
	}
}

func TestBadInputInAnAnswer(t *testing.T) {
	plain := syncOf("1")
	plain.Wait = -1
	hanging, sync := post{cmd: "Sync", body: syncOf("1").Append(nil, "14.1")}, post{cmd: "Sync", body: plain.Append(nil, "14.1")}
	answer := string((&eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: "1", SyncKey: "2", Status: 1}}}).Append(nil))
	cases := map[string]struct{ answer, reason string }{
		"gzip bomb of 1 GiB":           {bomb(), "packing"},
		"gzip cut short":               {gzipped(gzOf(answer)[:20]), "packing"},
		"what is no gzip":              {docHead + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nplop", "packing"},
		"a coding nobody asked for":    {docHead + "Content-Encoding: br\r\nContent-Length: 4\r\n\r\nplop", "packing"},
		"gzip twice":                   {docHead + "Content-Encoding: gzip, gzip\r\nContent-Length: 4\r\n\r\nplop", "packing"},
		"gzip of what cannot be read":  {packed("\x03\x01\x6a\x00\x85"), "attributes"},
		"gzip with garbage behind":     {gzipped(gzOf(answer) + "tail"), ""},
		"another document":             {document(pingSays(1)), "document"},
		"gzip under another type":      {strings.Replace(packed(answer), "application/vnd.ms-sync.wbxml", "text/html", 1), "document"},
		"nothing but the root element": {document("\x03\x01\x6a\x00\x05"), "document"},
	}
	for name, bad := range badDocuments(answer) {
		if large[name] {
			bad.reason = "truncated"
		}
		cases[name] = struct{ answer, reason string }{document(bad.body), bad.reason}
	}
	for name, c := range cases {
		for kind, p := range map[string]post{"hanging Sync": hanging, "Sync": sync} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				s := onSockets(t, after(0, cutAfter(c.answer)))
				most := mostHeap(t, func() error {
					got := s.ask(p)
					if _, body, _ := strings.Cut(c.answer, "\r\n\r\n"); !got.cut && (got.code != 200 || got.body != body) {
						t.Errorf("the phone got %d with %d bytes, not the %d of the server", got.code, len(got.body), len(body))
					}
					return nil
				})
				s.settled()
				if most > 8<<20 {
					t.Errorf("%d bytes more on the heap", most)
				}
				want := []string{"sync-answer " + c.reason}
				switch {
				case c.reason == "", kind == "Sync" && (name == "gzip under another type" || name == "nothing but the root element"):
					want = nil // not read along, and nobody asks for its status
				}
				s.wantUnread(want...)
				s.wantQuiet()
			})
		}
	}
}

// bomb is an answer of 1 MiB that unpacks to 1 GiB: an item of nothing but x. gzip
// may be of many parts (RFC 1952 2.2).
func bomb() string {
	const part = 1 << 20
	pack := func(from io.Reader) string {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		_, _ = io.CopyN(z, from, part)
		_ = z.Close()
		return b.String()
	}
	gz := pack(&endless{}) + strings.Repeat(pack(&endless{begun: true}), 1023)
	return gzipped(gz)
}
