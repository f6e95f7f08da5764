package imap

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestAResponseIsRead(t *testing.T) {
	for line, want := range map[string]response{
		"* OK ready":                     {"*", "OK", "", "ready"},
		"* ok [capability IMAP4rev1] hi": {"*", "OK", "CAPABILITY IMAP4rev1", "hi"},
		"d1 NO [LIMIT] enough":           {"d1", "NO", "LIMIT", "enough"},
		"d1 NO [LIMIT enough":            {"d1", "NO", "", "[LIMIT enough"},
		"d1 NO []":                       {"d1", "NO", "", ""},
		"* 23 EXISTS":                    {"*", "EXISTS", "", ""},
		"* 23 fetch (FLAGS ())":          {"*", "FETCH", "", "(FLAGS ())"},
		"* 4294967296 EXISTS":            {"*", "4294967296", "", "EXISTS"},
		"* STATUS x (UIDNEXT 3)":         {"*", "STATUS", "", "x (UIDNEXT 3)"},
		"* LIST [x] y":                   {"*", "LIST", "", "[x] y"},
		"+ ":                             {"+", "", "", ""},
		"+":                              {"+", "", "", ""},
		"+ [x] go on":                    {"+", "", "", "[x] go on"},
		"":                               {},
	} {
		if got := parse([]byte(line)); got != want {
			t.Errorf("%q: %+v, want %+v", line, got, want)
		}
	}
}

func TestOnlyDataHasLiterals(t *testing.T) {
	for line, want := range map[string]int{
		"* STATUS {5}\r\n": 5, "* LIST () \"/\" {0}\r\n": 0, "* STATUS {7+}\n": 7,
		"* OK take {5}\r\n": -1, "* no {5}\r\n": -1, "* BYE {5}\r\n": -1, "d1 OK {5}\r\n": -1, "+ {5}\r\n": -1,
		"* STATUS {5} x\r\n": -1, "* STATUS {-5}\r\n": -1, "* STATUS {x}\r\n": -1, "* STATUS 5}\r\n": -1, "* STATUS {}\r\n": -1,
	} {
		size, ok := literal([]byte(line))
		if ok != (want >= 0) || ok && size != want {
			t.Errorf("%q: %d %v, want %d", line, size, ok, want)
		}
	}
}

// replay is a connection on which everything was said already.
type replay struct {
	net.Conn
	io.Reader
}

func (r replay) Read(b []byte) (int, error) { return r.Reader.Read(b) }
func (replay) SetDeadline(time.Time) error  { return nil }

// Whatever a server says: no panic, no line longer than the limit, and an end.
func FuzzResponses(f *testing.F) {
	for _, seed := range []string{"* OK [CAPABILITY IMAP4rev1] hi\r\n", "* STATUS {4}\r\nNew\" (UIDNEXT 3)\r\n", inboxStatus + "\r\n" + sentStatus + "\n",
		"* 1 FETCH (FLAGS ())\r\n", "* STATUS {99999999999}\r\n", "+ go\r\nd1 NO [BADEVENT (x)] y", "\n\r\n{\n", "* STATUS a (UIDNEXT 99999999999999999999 HIGHESTMODSEQ)\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		c := newClient(replay{Reader: bytes.NewReader(said)}, time.Second)
		var folders tokens
		for range len(said) + 1 {
			line, err := c.line()
			if err != nil {
				return
			}
			if len(line) > longest {
				t.Fatalf("a line of %d bytes", len(line))
			}
			r := parse(line)
			if strings.ContainsAny(r.kind, " ") {
				t.Errorf("kind %q", r.kind)
			}
			if r.kind == "STATUS" {
				before := folders
				if class, _ := folders.status(r.text); class == 0 {
					t.Errorf("%q is in no folder", r.text)
				}
				_ = folders.since(&before)
			}
			turnedDown(r)
			readCapabilities(r.text)
		}
		t.Fatal("it does not end")
	})
}

func TestTooManyFoldersAreNotRemembered(t *testing.T) {
	var many tokens
	for i := range 2 * mostFolders {
		many.status(strings.Repeat("x", i%100) + string(rune('0'+i/100)) + " (UIDNEXT 1 HIGHESTMODSEQ 1)")
	}
	if len(many.others) > mostFolders || !many.blind {
		t.Errorf("%d folders, blind: %v", len(many.others), many.blind)
	}
	if missed := many.since(&many); missed == 0 {
		t.Error("nothing missed, where it is not known")
	}
}
