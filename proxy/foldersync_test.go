package proxy

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

func folderSyncOf(key string) post {
	return post{cmd: "FolderSync", body: (&eas.FolderSyncRequest{SyncKey: key}).Append(nil)}
}

// treeOf is an answer with an inbox, folder 5, and n more folders.
func treeOf(n int) string {
	r := eas.FolderSyncResponse{Status: 1, SyncKey: "1", Add: []eas.Folder{{ID: "5", ParentID: "0", Name: "Inbox", Type: eas.FolderInbox}}}
	for i := range n {
		r.Add = append(r.Add, eas.Folder{ID: fmt.Sprint("f", i), ParentID: "5", Name: fmt.Sprint("Projekt Größe ", i), Type: eas.FolderUserMail})
	}
	return string(r.Append(nil))
}

func inChunks(head, body string, size int) string {
	var b strings.Builder
	b.WriteString(docHead + head + "Transfer-Encoding: chunked\r\n\r\n")
	for ; len(body) > size; body = body[size:] {
		b.WriteString(lab.Chunk(body[:size]))
	}
	b.WriteString(lab.Chunk(body) + lab.Chunk(""))
	return b.String()
}

// wantInbox: it is known of dev1, or not, that folder 5 is an inbox.
func (s *stage) wantInbox(want bool) {
	s.Helper()
	s.settled()
	if f, known := s.proxy.memory.Folder(dev1, "5"); known != want || known && f.Type != eas.FolderInbox {
		s.Errorf("folder 5 is %+v, known: %v; want %v", f, known, want)
	}
}

func TestFolderSyncPassesByteForByteAndIsUnderstood(t *testing.T) {
	small, large := treeOf(1), treeOf(20_000) // the large one is of 1 MB
	for name, c := range map[string]struct{ raw, body, encoding string }{
		"plain":            {document(small), small, ""},
		"gzip":             {packed(small), gzOf(small), "gzip"},
		"in chunks":        {inChunks("", small, 1), small, ""},
		"gzip, in chunks":  {inChunks("Content-Encoding: gzip\r\n", gzOf(small), 7), gzOf(small), "gzip"},
		"large":            {document(large), large, ""},
		"large, gzip":      {packed(large), gzOf(large), "gzip"},
		"large, in chunks": {inChunks("", large, 4096), large, ""},
		"padded behind":    {document(small + "\x00\x00"), small + "\x00\x00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, lab.Answer(c.raw))
			ask := folderSyncOf("0")
			got := s.ask(ask)
			wantReply(t, got, 200, c.body)
			if got.header.Get("Content-Encoding") != c.encoding {
				t.Errorf("it came as %q", got.header.Get("Content-Encoding"))
			}
			s.wantInbox(true)
			ask.chunked = true
			wantReply(t, s.ask(ask), 200, c.body)
			s.wantSent(ask.body, ask.body)
			s.settled()
			s.wantUnread()
			s.wantQuiet()
		})
	}
}

func TestFolderSyncThatIsNotUnderstoodPassesByteForByte(t *testing.T) {
	small := treeOf(1)
	huge := small + strings.Repeat("x", 9<<20) // padding counts: it would have to be kept
	plain := folderSyncOf("0")
	garbage, long := post{cmd: "FolderSync", body: []byte("x")}, post{cmd: "FolderSync", body: append(folderSyncOf("0").body, strings.Repeat("x", 70<<10)...)}
	long.chunked = true
	for name, c := range map[string]struct {
		ask    post
		raw    string
		code   int
		body   string
		unread []string
	}{
		"an answer that is no document": {plain, document("<html>"), 200, "<html>", []string{"foldersync-answer bad-header"}},
		"another document":              {plain, document(pingSays(1)), 200, pingSays(1), []string{"foldersync-answer document"}},
		"an empty one":                  {plain, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", nil},
		"an unknown coding":             {plain, docHead + "Content-Encoding: br\r\nContent-Length: 4\r\n\r\nplop", 200, "plop", []string{"foldersync-answer packing"}},
		"no gzip":                       {plain, docHead + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nplop", 200, "plop", []string{"foldersync-answer packing"}},
		"a huge one":                    {plain, document(huge), 200, huge, []string{"foldersync-answer too-large"}},
		"a sign-in page":                {plain, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", 200, "<html>", nil},
		"a refusal":                     {plain, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno", 401, "no", nil},
		"not provisioned":               {plain, "HTTP/1.1 449 Retry\r\nContent-Length: 0\r\n\r\n", 449, "", nil},
		"a request that is none":        {garbage, document(small), 200, small, []string{"foldersync bad-header"}},
		"a long request":                {long, document(small), 200, small, []string{"foldersync too-large"}},
		"Android's account check":       {post{query: "Cmd=FolderSync&User=anna&DeviceId=validate&DeviceType=phone", body: plain.body}, document(small), 200, small, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, lab.Answer(c.raw))
			wantReply(t, s.ask(c.ask), c.code, c.body)
			s.wantSent(c.ask.body)
			s.wantInbox(false)
			if n := s.proxy.memory.Len(); n != 0 {
				t.Errorf("%d devices are known", n)
			}
			s.wantUnread(c.unread...)
			s.wantQuiet()
		})
	}
}

// Each piece arrives before the next is sent: nothing is held back to be read.
func TestFolderSyncIsPassedOnAsItComes(t *testing.T) {
	body, read := treeOf(10), make(chan struct{})
	s := onSockets(t, func(x *lab.Exchange) error {
		if err := x.ReadBody(); err != nil {
			return err
		}
		_ = x.Send(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", docHead, len(body), body[:20]))
		select {
		case <-read:
		case <-x.Context.Done():
			return io.EOF
		}
		return x.Send(body[20:])
	})
	c := s.call()
	c.send(folderSyncOf("0").raw())
	head, err := readHeadOnly(c.in)
	if err != nil || !strings.HasPrefix(head, "HTTP/1.1 200") {
		t.Fatalf("%q, %v", head, err)
	}
	got := make([]byte, len(body))
	if _, err := io.ReadFull(c.in, got[:20]); err != nil {
		t.Fatal(err)
	}
	close(read)
	if _, err := io.ReadFull(c.in, got[20:]); err != nil || string(got) != body {
		t.Errorf("%q arrived, %v", got, err)
	}
	s.wantInbox(true)
}

// What broke off in the middle is cut for the phone too, and nothing is learned of it.
func TestFolderSyncThatIsCutIsForgotten(t *testing.T) {
	body := treeOf(100)
	half := len(body) / 2
	for name, raw := range map[string]string{
		"with a length": fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", docHead, len(body), body[:half]),
		"in chunks":     docHead + "Transfer-Encoding: chunked\r\n\r\n" + lab.Chunk(body[:half]),
		"gzip":          fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", docHead, len(gzOf(body)), gzOf(body)[:40]),
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, func(x *lab.Exchange) error {
				if err := x.ReadBody(); err != nil {
					return err
				}
				_ = x.Send(raw)
				x.Reset()
				return io.EOF
			})
			if got := s.ask(folderSyncOf("0")); !got.cut {
				t.Errorf("the phone got %d bytes, whole", len(got.body))
			}
			s.wantInbox(false)
			s.wantUnread()
		})
	}
}

// A phone whose answer was lost asks again with its old key, and the tree is as it would be.
func TestFolderSyncGoesOnAfterALostAnswer(t *testing.T) {
	s := onSockets(t, lab.Answer(document(treeOf(3))))
	s.ask(folderSyncOf("0"))
	s.wantInbox(true)
	change := eas.FolderSyncResponse{Status: 1, SyncKey: "2", Delete: []string{"f0"},
		Update: []eas.Folder{{ID: "f1", ParentID: "0", Name: "renamed", Type: eas.FolderUserMail}}}
	s.up.SetScript(lab.Answer(document(change.Append(nil))))
	for range 2 {
		s.ask(folderSyncOf("1"))
		s.wantInbox(true)
		_, deleted := s.proxy.memory.Folder(dev1, "f0")
		if f, known := s.proxy.memory.Folder(dev1, "f1"); !known || f.Name != "renamed" || deleted {
			t.Errorf("f1 is %+v (%v), f0 is known: %v", f, known, deleted)
		}
	}
	invalid := eas.FolderSyncResponse{Status: eas.FolderSyncInvalidKey}
	s.up.SetScript(lab.Answer(document(invalid.Append(nil))))
	s.ask(folderSyncOf("2"))
	s.wantInbox(false)
	s.wantUnread()
}
