package dovecot

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/wake"
)

// As the OX driver of Dovecot 2.3.19 sends it, byte for byte.
const oxNotice = `{"user":"ox2","event":"messageNew","folder":"INBOX","imap-uidvalidity":1795296898,"imap-uid":2,` +
	`"from":"Al =?utf-8?q?M=C3=BCller?= <t@x>","subject":"two ümlaut","snippet":"hello body text here","unseen":2}`

const both = wake.Inbox | wake.Mail

func TestOfANoticeTheUserAndTheClassesOfFoldersAreRead(t *testing.T) {
	for _, c := range []struct {
		name, body, user string
		classes          wake.Classes
	}{
		{"OX", oxNotice, "ox2", wake.Inbox},
		{"one event", `{"user":"u","events":[{"event":"MessageNew","folder":"INBOX"}]}`, "u", wake.Inbox},
		{"INBOX in any case", `{"user":"u","events":[{"event":"MessageNew","folder":"Inbox"}]}`, "u", wake.Inbox},
		{"below the inbox", `{"user":"u","events":[{"event":"MessageNew","folder":"INBOX/Sent"}]}`, "u", wake.Mail},
		{"two folders", `{"user":"u","events":[{"event":"MessageAppend","folder":"Trash"},{"event":"MessageExpunge","folder":"INBOX"}]}`, "u", both},
		{"a folder is new", `{"user":"u","events":[{"event":"MailboxCreate","folder":"New"}]}`, "u", both},
		{"more than were listed", `{"user":"u","events":[{"event":"More","folder":""}]}`, "u", both},
		{"none", `{"user":"u","events":[]}`, "u", 0},
		{"escaped", `{"user":"\u00fc\u0022","events":[{"event":"FlagsSet","folder":"\u0022"}]}`, "ü\"", wake.Mail},
		{"another order", `{"more":{"a":[1,{}]},"folder":"INBOX","event":"messageNew","user":"u"}`, "u", wake.Inbox},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := read(strings.NewReader(c.body))
			if err != nil || n.user != c.user || n.classes != c.classes {
				t.Errorf("%+v, %v", n, err)
			}
		})
	}
}

func TestWhatIsNoNoticeIsRefusedWithAReason(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"nothing", "", "JSON"},
		{"no JSON", "user=u", "JSON"},
		{"a list", `["user"]`, "no object"},
		{"cut", `{"user":"u","events":[{"event":"Mess`, "JSON"},
		{"not closed", `{"user":"u","more":1`, "JSON"},
		{"no user", `{"events":[{"event":"MessageNew","folder":"INBOX"}]}`, `no "user"`},
		{"an empty user", `{"user":"","events":[]}`, `no "user"`},
		{"a user that is none", `{"user":{"name":"u"},"events":[]}`, "JSON"},
		{"a user who is null", `{"user":null,"events":[]}`, `no "user"`},
		{"a long user", `{"user":"` + strings.Repeat("u", mostUser+1) + `","events":[]}`, `no "user"`},
		{"no event", `{"user":"u"}`, `neither "events"`},
		{"no folder", `{"user":"u","event":"messageNew"}`, `neither "events"`},
		{"long", `{"more":"` + strings.Repeat("x", 2*mostNotice) + `","user":"u","events":[]}`, "first 16384 octets"},
		{"deep", strings.Repeat(`{"more":`, mostNotice), "first 16384 octets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if n, err := read(strings.NewReader(c.body)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v, %v, want one that says %q", n, err, c.want)
			}
		})
	}
}

// end is a body that fails the test when it is read to its end.
type end struct{ t *testing.T }

func (e end) Read([]byte) (int, error) {
	e.t.Error("read to its end")
	return 0, io.EOF
}

func TestSubjectAndTextAreNotReadWhereTheyAreLong(t *testing.T) {
	secret := strings.Repeat("secret ", 100_000)
	begin, _, _ := strings.Cut(oxNotice, `"subject"`)
	body := io.MultiReader(strings.NewReader(begin), strings.NewReader(`"subject":"`+secret+`"}`), end{t})
	if n, err := read(body); err != nil || n.user != "ox2" {
		t.Errorf("%+v, %v", n, err)
	}
}

func FuzzANoticeIsReadOrRefused(f *testing.F) {
	f.Add(oxNotice)
	f.Add(`{"user":"u","events":[{"event":"MessageNew","folder":"INBOX"}]}`)
	f.Add(`{"events":null,"user":"u"}`)
	f.Fuzz(func(t *testing.T, body string) {
		n, err := read(strings.NewReader(body))
		if err != nil {
			return
		}
		if n.user == "" || len(n.user) > mostUser || n.classes&^both != 0 {
			t.Errorf("%+v", n)
		}
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(body), &object) == nil && len(object) == 0 {
			t.Errorf("%+v out of nothing", n)
		}
	})
}
