package proxy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// modelPhone is one phone of a user. All users' first phones have one id, and so have
// all the second ones.
type modelPhone struct {
	*edgeModel
	*lab.Phone
	dice     *rand.Rand
	user, id string
	typed    string // the password that it has
	interval time.Duration
	forms    bool // it leaves out of a Ping what has not changed
	hangs    bool // it waits with a Sync
	said     string
	began    time.Time // when it asked last
	inheritance
	former inheritance // before it asked last: who is only told to say it all has not waited
	heard  time.Time   // since when it has been there to be told
	seen   []string    // mails that it has, to mark and to delete
	status int         // of the last hanging Sync
}

// inheritance is what a phone's next wait may go on with.
type inheritance struct {
	chain    time.Time // when the wait began that it may have inherited last
	answered bool      // nothing was left to inherit
	gone     time.Time // when it left the last one
}

func (m *edgeModel) newPhone(user string, u, n int) *modelPhone {
	d := &modelPhone{
		edgeModel: m, user: user, id: fmt.Sprint("phone", n), typed: "first", hangs: (u+n)%3 == 2, forms: (u+n)%3 == 1,
		dice: rand.New(rand.NewPCG(m.seed, uint64(10+10*u+n))),
	}
	d.interval = time.Duration(4+d.dice.IntN(12)) * time.Minute
	d.Phone = lab.NewPhone(lab.PhoneConfig{
		URL: "http://edge.test", User: user, Password: "first", DeviceID: d.id, Dial: m.radio,
		Version: []string{"14.1", "12.1"}[(u/2+n)%2], Ladder: lab.Fixed(d.interval), Grace: 2 * time.Minute,
		OnMail: func(mail lab.Mail) { d.seen = append(d.seen, mail.ID) },
		OnWait: d.hung, Timeout: time.Minute, EmptyPing: true,
	})
	return d
}

func (d *modelPhone) name() string { return d.user + "/" + d.id }

// live is a phone's life: everything anew, then wait after wait.
func (d *modelPhone) live() {
	defer d.Phone.Close()
	if !d.lasting(time.Duration(d.dice.IntN(60)) * time.Second) {
		return
	}
	d.anew()
	for time.Now().Before(d.until) {
		if d.hangs {
			d.hang()
		} else {
			d.ping()
		}
		if d.dice.IntN(15) == 0 { // in a pocket, in a tunnel
			d.lasting(time.Duration(d.dice.IntN(300)) * time.Second)
		}
	}
}

// anew takes the folders and all that is in those that it waits on.
func (d *modelPhone) anew() {
	d.said = ""
	d.insist(d.FolderSync)
	d.sync(d.waited()...)
}

// waited are the folders that it waits on: as phones are set up, and what the user has
// made.
func (d *modelPhone) waited() (ids []string) {
	for _, f := range d.Folders() {
		switch t := eas.FolderType(f.Type); {
		case t == eas.FolderInbox, t == eas.FolderCalendar, t == eas.FolderUserMail && !d.hangs, t == eas.FolderContacts && d.hangs:
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// insist does something until it succeeds, as phones do with all but waits.
func (d *modelPhone) insist(do func(context.Context) error) {
	for {
		err := do(context.Background())
		if err == nil {
			return
		}
		if !d.trouble(err) {
			return
		}
	}
}

// trouble pauses, and has the user type the password that holds now.
func (d *modelPhone) trouble(err error) (goesOn bool) {
	goesOn = d.lasting(time.Duration(2+d.dice.IntN(20)) * time.Second)
	if e, ok := errors.AsType[*lab.HTTPError](err); ok && e.Code == 401 {
		d.mu.Lock()
		d.typed = d.passwords[d.user].text
		d.mu.Unlock()
		d.SetPassword(d.typed)
	}
	return goesOn
}

// sync brings folders up to date, and looks whether they are.
func (d *modelPhone) sync(ids ...string) {
	for _, id := range ids {
		d.trail(d.name(), "syncs %s", id)
		before, busyThen := d.happenings(d.user)
		d.insist(func(ctx context.Context) error { return d.Sync(ctx, id) })
		added, touched, known := d.outstanding(id)
		after, busyNow := d.happenings(d.user)
		quiet := before == after && busyThen+busyNow == 0 && time.Now().Before(d.until)
		if quiet && known && len(added)+len(touched) > 0 {
			d.blame("has synced folder %s, and it lacks %v, %v", id, added, touched)
		}
		d.counted("syncs that bring it")
	}
}

// outstanding is what the phone lacks of a folder.
func (d *modelPhone) outstanding(folder string) (added, touched []string, known bool) {
	return d.server.Outstanding(d.user, d.id, folder, d.Key(folder))
}

// answer is what came of a Ping.
type answer struct {
	said eas.PingResponse
	err  error
	took time.Duration
	at   time.Time
}

// begins is the time of asking. What it leaves, or is told nothing of, is kept for a
// while, and goes on when it asks the same again.
func (d *modelPhone) begins() {
	d.began, d.former = time.Now(), d.inheritance
	if d.answered || d.began.Sub(d.gone) > lingerOfModel {
		d.chain = d.began
	}
	if d.answered || d.gone.Before(d.began) {
		d.heard = d.began
	}
	d.answered = false
}

// latest is how long an answer may take: where the server had all of the wait, it may be
// on its way when the time is over.
func (d *modelPhone) latest(asked time.Duration, since time.Time) time.Duration {
	if !d.wentUpAt("Ping").Before(since) || !d.wentUpAt("Sync").Before(since) {
		return asked + grace
	}
	return asked
}

// provisioned tells whether it had to fetch a policy while it waited, and so asked twice.
func (d *modelPhone) provisioned(since time.Time) bool {
	return !d.wentUpAt("Provision").Before(since)
}

// asks sends a Ping; with the answer of one that was left behind nothing is done.
func (d *modelPhone) asks(ctx context.Context, folders []string) chan answer {
	body := d.words(folders)
	got := make(chan answer, 1)
	asked, began := d.interval, time.Now()
	d.trail(d.name(), "asks")
	go func() {
		var a answer
		text, err := d.Ask(ctx, "Ping", body, asked+2*time.Minute)
		a.at, a.took = time.Now(), time.Since(began)
		if a.err = err; err == nil {
			a.said, a.err = eas.ParsePingResponse(text)
		}
		if a.took > d.latest(asked, began) && ctx.Err() == nil && !d.provisioned(began) {
			d.blame("asked for %v and was answered after %v: %v, %v", asked, a.took, a.said, a.err)
		}
		for _, id := range a.said.Folders {
			if !slices.Contains(folders, id) {
				d.blame("waits on %v and was told of %s", folders, id)
			}
		}
		d.trail(d.name(), "%v %v after %v", a.said, a.err, a.took)
		got <- a
	}()
	return got
}

// words is the body of a Ping: whole, or without what has not changed since the last
// one that was answered well.
func (d *modelPhone) words(folders []string) []byte {
	ping := eas.PingRequest{HasInterval: true, Interval: int(d.interval / time.Second), HasFolders: true}
	for _, id := range folders {
		class := "Email"
		if id == "1" {
			class = "Calendar"
		}
		ping.Folders = append(ping.Folders, eas.PingFolder{ID: []byte(id), Class: []byte(class)})
	}
	if d.forms && d.said == fmt.Sprint(folders) {
		switch d.dice.IntN(3) {
		case 0:
			return nil
		case 1:
			ping.HasFolders, ping.Folders = false, nil
		}
	}
	return ping.Append(nil)
}

// ping waits once, until it is told something, leaves, or has something else to do.
func (d *modelPhone) ping() {
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	folders := d.waited()
	d.begins()
	got := d.asks(ctx, folders)
	for {
		var restless <-chan time.Time
		if d.dice.IntN(3) == 0 {
			restless = time.After(time.Duration(d.dice.ExpFloat64() * float64(4*time.Minute)))
		}
		select {
		case a := <-got:
			if a.at.Equal(time.Now()) { // and was not busy then
				d.judge(folders)
			}
			_, refused := errors.AsType[*lab.HTTPError](a.err)
			switch {
			case a.err == nil && a.said.Status == eas.PingMissingParameters:
				d.inheritance = d.former
			default: // where the connection broke, its wait is kept as one that was left
				d.answered, d.gone = refused || a.err == nil && a.said.Status != eas.PingExpired, a.at
			}
			d.obey(folders, a)
			return
		case <-restless:
		}
		d.judge(folders)
		d.trail(d.name(), "is restless")
		switch n := d.dice.IntN(10); {
		case n < 3:
			d.counted("left")
			d.gone = time.Now()
			return
		case n < 7: // it is elsewhere now, and the old connection hears no more of it
			d.counted("roamed")
			d.gone = time.Now()
			d.begins()
			got = d.asks(ctx, folders)
		case n < 8:
			d.sorts()
		default: // the user looks for mail himself
			d.sync(folders[d.dice.IntN(len(folders))])
		}
	}
}

// sorts marks or deletes a mail that the phone has; the answer brings what is new.
func (d *modelPhone) sorts() {
	if len(d.seen) == 0 {
		return
	}
	i := d.dice.IntN(len(d.seen))
	id := d.seen[i]
	d.happens(d.user, 1)
	defer d.happens(d.user, -1)
	d.mu.Lock()
	d.at[d.user+id] = time.Now()
	d.mu.Unlock()
	if d.dice.IntN(2) == 0 {
		_ = d.MarkRead(context.Background(), "5", id, true) // gone meanwhile, perhaps
	} else {
		d.seen = slices.Delete(d.seen, i, i+1)
		_ = d.Delete(context.Background(), "5", id)
	}
	d.sync("5") // the answer may have been lost
}

// obey does what an answer asks for.
func (d *modelPhone) obey(folders []string, a answer) {
	if a.err != nil {
		d.counted("wait failed")
		d.said = ""
		d.trouble(a.err)
		return
	}
	d.counted(fmt.Sprint("status ", a.said.Status))
	d.said = ""
	switch a.said.Status {
	case eas.PingExpired:
		d.said = fmt.Sprint(folders)
	case eas.PingChanges:
		d.said = fmt.Sprint(folders)
		d.told(a.said.Folders)
		d.sync(a.said.Folders...)
	case eas.PingHierarchyChanged:
		d.anew()
	case eas.PingMissingParameters: // it says it all again
	default:
		d.lasting(time.Duration(d.dice.IntN(10)) * time.Second)
	}
}

// hang waits once with a Sync.
func (d *modelPhone) hang() {
	ctx, leave := context.WithCancel(context.Background())
	if d.dice.IntN(4) == 0 {
		ctx, leave = context.WithTimeout(ctx, time.Duration(d.dice.ExpFloat64()*float64(4*time.Minute)))
	}
	defer leave()
	d.begins()
	d.trail(d.name(), "hangs")
	d.status = 0
	err := d.HangingSync(ctx)
	switch {
	case ctx.Err() != nil:
		d.counted("left")
		d.judge(d.waited())
		d.gone = time.Now()
		d.sync(d.waited()...) // whether an answer was on its way, it does not know
	case d.status == 12:
		d.anew()
	case err != nil:
		d.counted("wait failed")
		d.trouble(err)
	}
}

// hung is the end of a hanging Sync, before the phone takes in what it brought.
func (d *modelPhone) hung(w lab.Wait) {
	d.trail(d.name(), "hanging Sync: %v, %d, %v after %v", w.Event, w.Status, w.Err, w.Took)
	d.status, d.answered, d.gone = w.Status, w.Event != lab.Expired, time.Now()
	if w.Status == 13 {
		d.inheritance = d.former
	}
	d.counted(fmt.Sprint("hanging Sync: ", w.Event))
	asked := w.Asked
	if w.Took > d.latest(asked, d.began) && !d.provisioned(d.began) {
		d.blame("hung for %v and was answered after %v: %v", asked, w.Took, w.Err)
	}
	d.judge(d.waited())
}
