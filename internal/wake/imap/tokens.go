package imap

import (
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/diastole/diastole/internal/wake"
)

// A token is what a folder's state was when the server last told (RFC 3501 7.2.4,
// RFC 7162 3.1.2): as long as it is the same, nothing has changed in it. Without
// modseq a flag could have: such a token proves nothing.
type token struct{ validity, next, modseq uint64 }

// tokens are those of a mailbox's folders, for the one purpose to say after an
// outage whether something was missed.
type tokens struct {
	inbox  token
	others map[uint64]token // by a hash of the name: names are long and nobody's business
	blind  bool             // the others were not told, or are too many
}

// mostFolders limits what a server can make us remember of one user (40 bytes each).
const mostFolders = 5000

var seed = maphash.MakeSeed()

// status takes over what a STATUS response tells: `"a (b)" (MESSAGES 2 UIDNEXT 3)`.
// The server leaves out what has not changed. It says which class of folder it was, and whether
// it told of something new.
func (t *tokens) status(text string) (class wake.Classes, news bool) {
	open := strings.LastIndex(text, "(")
	if open < 0 {
		return wake.Inbox | wake.Mail, true
	}
	name, items := strings.TrimSpace(text[:open]), strings.TrimRight(text[open+1:], ") ")
	if strings.EqualFold(strings.Trim(name, `"`), "INBOX") {
		news = t.inbox.read(items)
		return wake.Inbox, news
	}
	id := maphash.String(seed, name)
	folder, known := t.others[id]
	news = folder.read(items)
	switch {
	case known, len(t.others) < mostFolders:
		if t.others == nil {
			t.others = map[uint64]token{}
		}
		t.others[id] = folder
	default:
		t.blind = true
	}
	return wake.Mail, news
}

// read takes over the items of a STATUS response; news is false only if they prove
// that nothing has changed.
func (t *token) read(items string) (news bool) {
	before, told := *t, false
	words := strings.Fields(items)
	for i := 0; i+1 < len(words); i += 2 {
		n, err := strconv.ParseUint(words[i+1], 10, 64)
		if err != nil {
			continue
		}
		told = t.set(words[i], n) || told
	}
	return !told || before != *t
}

// set takes over one value and says whether it was the one that proves.
func (t *token) set(name string, n uint64) (proves bool) {
	switch strings.ToUpper(name) {
	case "UIDVALIDITY":
		t.validity = n
	case "UIDNEXT":
		t.next = n
	case "HIGHESTMODSEQ":
		t.modseq = n
		return n > 0
	}
	return false
}

// since are the classes in which something may have changed between two times.
func (t *tokens) since(before *tokens) (missed wake.Classes) {
	if !t.inbox.same(before.inbox) {
		missed |= wake.Inbox
	}
	if t.blind || before.blind || len(t.others) != len(before.others) {
		return missed | wake.Mail
	}
	for id, folder := range t.others {
		if !folder.same(before.others[id]) {
			return missed | wake.Mail
		}
	}
	return missed
}

// same says that nothing has changed. UIDNEXT is not always told; where it is, it
// must not have moved.
func (t token) same(before token) bool {
	return t.modseq > 0 && t.modseq == before.modseq && t.validity == before.validity &&
		(t.next == before.next || t.next == 0 || before.next == 0)
}
