package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// An owner is a user of the soak, with his mailbox, his calendar and his phones.
type owner struct {
	soak *soak
	name string
	imap *reader

	// mu is held for each change and for each Sync, so that it is known whether the one
	// has seen the other. Waits are not held up by it.
	mu       sync.Mutex
	devices  []*device
	calendar bool      // the phones wait on it, too
	synced   time.Time // when a phone's Sync of it was last over
	made     int       // appointments and mails
}

// newOwner gives every third one a calendar, every fourth a second phone, and one in
// eight waits with Sync.
func (s *soak) newOwner(n int) *owner {
	s.t.Helper()
	o := &owner{soak: s, name: s.bed.user(s.t), calendar: n%3 == 2}
	o.imap = s.bed.reader(s.t, o.name)
	// A Ping at SOGo says nothing of the first entry of an address book that was empty at
	// its first Sync (its key is -1), and here was seen to say nothing of a calendar's. So
	// there is one before the phones come.
	if o.calendar {
		if err := o.appoint("the first"); err != nil {
			s.t.Fatal(err)
		}
	}
	for i := range 1 + (n%4)/3 {
		o.devices = append(o.devices, newDevice(o, fmt.Sprintf("SOAK%d", i), n%8 == 5))
	}
	return o
}

// change changes things until the soak is over.
func (o *owner) change(r *rand.Rand) {
	for o.soak.rest(pauses(r)) {
		o.mu.Lock()
		changed, err := o.something(r)
		for _, d := range o.devices {
			d.note(changed)
		}
		o.mu.Unlock()
		if err != nil {
			o.soak.t.Errorf("%s: %v", o.name, err)
			return
		}
		o.soak.mu.Lock()
		o.soak.changes += len(changed)
		o.soak.mu.Unlock()
	}
}

// pauses are mostly short; after a long one a phone has to hear of a change otherwise
// than by the way, with the one before.
func pauses(r *rand.Rand) time.Duration {
	longest := 6 * time.Second
	if r.IntN(4) == 0 {
		longest = 25 * time.Second
	}
	return 200*time.Millisecond + time.Duration(r.Int64N(int64(longest)))
}

// something changes one thing, and says in which folders.
func (o *owner) something(r *rand.Rand) (folders []string, err error) {
	o.made++
	subject := fmt.Sprintf("soak %d", o.made)
	what := r.IntN(10)
	if what >= 3 && what <= 6 {
		folders, err = o.touch(r, what)
		if len(folders) > 0 || err != nil {
			return folders, err
		}
	}
	switch {
	case what == 7:
		return []string{"Sent"}, o.imap.put("Sent", subject)
	case what >= 8 && o.calendar:
		return []string{calendar}, o.appoint(subject)
	}
	_, err = o.soak.mail.deliver(o.name, subject)
	return []string{"INBOX"}, err
}

// touch flags, expunges or moves a mail of the inbox; no folder if there is none.
func (o *owner) touch(r *rand.Rand, what int) (folders []string, err error) {
	uids, err := o.imap.uids("INBOX")
	if err != nil || len(uids) == 0 {
		return nil, err
	}
	uid := uids[r.IntN(len(uids))]
	switch what {
	case 3:
		_, err = o.imap.do(`UID STORE %s +FLAGS (\Deleted)`, uid)
		if err == nil {
			_, err = o.imap.do("UID EXPUNGE %s", uid)
		}
		return []string{"INBOX"}, err
	case 4:
		_, err = o.imap.do("UID MOVE %s Trash", uid)
		return []string{"INBOX", "Trash"}, err
	}
	flags, err := o.imap.do("UID FETCH %s (FLAGS)", uid)
	if err != nil {
		return nil, err
	}
	sign := "+" // the other way round, so that something does change
	if strings.Contains(strings.Join(flags, ""), `\Seen`) {
		sign = "-"
	}
	_, err = o.imap.do(`UID STORE %s %sFLAGS (\Seen)`, uid, sign)
	return []string{"INBOX"}, err
}

// calendar is what the personal calendar is called here.
const calendar = "calendar"

// appoint makes an appointment over CalDAV. SOGo dates a calendar's changes by whole
// seconds: it tells nobody of one in the second of a Sync, so this one is made later.
func (o *owner) appoint(summary string) error {
	time.Sleep(time.Until(o.synced.Truncate(time.Second).Add(1100 * time.Millisecond)))
	at := time.Now().UTC().Add(24 * time.Hour)
	const stamp = "20060102T150405Z"
	text := strings.ReplaceAll(fmt.Sprintf(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//diastole//e2e//EN
BEGIN:VEVENT
UID:soak-%d@example.test
DTSTAMP:%s
DTSTART:%s
DTEND:%s
SUMMARY:%s
END:VEVENT
END:VCALENDAR
`, o.made, at.Format(stamp), at.Format(stamp), at.Add(time.Hour).Format(stamp), summary), "\n", "\r\n")
	url := fmt.Sprintf("http://%s/SOGo/dav/%s/Calendar/personal/soak-%d.ics", o.soak.bed.sogod, o.name, o.made)
	r, err := http.NewRequestWithContext(o.soak.t.Context(), "PUT", url, strings.NewReader(text))
	if err != nil {
		return err
	}
	r.SetBasicAuth(o.name, password)
	r.Header.Set("Content-Type", "text/calendar; charset=utf-8")
	// sogod closes each connection after one answer, and does not say so.
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("PUT of an appointment: HTTP %d", resp.StatusCode)
	}
	return nil
}
