package doctor

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/check"
)

const (
	// arrival bounds how long its own mail may be on its way.
	arrival = time.Minute

	// cleaning bounds what is put right at the end, even after a Ctrl-C.
	cleaning = time.Minute
)

// truth holds both questions against what is so: nothing changed, a mail came, it was
// read elsewhere, it was deleted elsewhere.
func (v *visit) truth(ctx context.Context) error {
	if err := v.first.settle(ctx); err != nil {
		return err
	}
	v.tell("asking by estimate while nothing happens")
	if err := v.compare(ctx, "nothing changed", check.Unchanged); err != nil {
		return err
	}
	own, err := v.ownMail(ctx)
	if err != nil {
		return err
	}
	if own.ID != "" {
		return v.withOwn(ctx, own)
	}
	return v.withNewest(ctx)
}

// ownMail sends a mail to itself and finds it, with the second device. Without an ID
// there is none: no address, or it has not come.
func (v *visit) ownMail(ctx context.Context) (own lab.Mail, err error) {
	if v.Address == "" {
		v.note("no mail was sent, because nobody knows the user's address: name it with --address")
		return own, nil
	}
	subject := "diastole doctor " + rand.Text()
	v.tell("sending a mail to " + v.Address + ", which is deleted again: " + subject)
	m := lab.Mail{From: v.Address, To: v.Address, Subject: subject,
		Body: "diastole doctor has sent this to find out how the server tells of new mail, and deletes it again.\r\n"}
	if err := v.second.SendOnly(ctx, m); err != nil {
		if ctx.Err() != nil {
			return own, ctx.Err()
		}
		v.note("the server did not take a mail to " + v.Address + ": " + explained(err).Error())
		return own, nil
	}
	own, err = v.find(ctx, subject)
	if err == nil && own.ID == "" {
		v.note("the mail to " + v.Address + " did not come within " + arrival.String() + ": delete it if it does: " + subject)
	}
	return own, err
}

func (v *visit) find(ctx context.Context, subject string) (lab.Mail, error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(arrival); time.Now().Before(end); {
		if err := v.second.settle(ctx); err != nil {
			return lab.Mail{}, err
		}
		for _, m := range v.second.mails {
			if m.Subject == subject {
				return m, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return lab.Mail{}, ctx.Err()
		}
	}
	return lab.Mail{}, nil
}

// withOwn goes through the life of its own mail, which ends here in any case.
func (v *visit) withOwn(ctx context.Context, own lab.Mail) (err error) {
	there := true
	remove := func(ctx context.Context) error { return v.second.Delete(ctx, v.second.inbox, own.ID) }
	defer func() {
		if !there {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		defer cancel()
		if remove(ctx) != nil {
			v.note("its own mail could not be deleted: " + own.Subject)
		}
	}()
	if err := v.compare(ctx, "a mail came", check.Changed); err != nil {
		return err
	}
	v.tell("marking its own mail as read, from the second device")
	if err := v.second.MarkRead(ctx, v.second.inbox, own.ID, true); err != nil {
		return err
	}
	if err := v.compare(ctx, "the newest was read elsewhere", check.Changed); err != nil {
		return err
	}
	v.tell("deleting its own mail, from the second device")
	if err := remove(ctx); err != nil {
		return err
	}
	there = false
	if err := v.compare(ctx, "the newest was deleted elsewhere", check.Changed); err != nil {
		return err
	}
	return v.compare(ctx, "nothing changed, again", check.Unchanged)
}

// withNewest changes the flag of the newest mail that there is, and changes it back.
func (v *visit) withNewest(ctx context.Context) error {
	if len(v.second.mails) == 0 {
		v.note("there is no mail of the last week in the inbox, so no change could be tried")
		return nil
	}
	newest := v.second.mails[0]
	for _, m := range v.second.mails {
		if m.Received.After(newest.Received) {
			newest = m
		}
	}
	v.tell("marking the newest mail as read (or unread), from the second device, and back: " + newest.Subject)
	if err := v.second.MarkRead(ctx, v.second.inbox, newest.ID, !newest.Read); err != nil {
		return err
	}
	compared := v.compare(ctx, "the newest was read elsewhere", check.Changed)
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	if err := v.second.MarkRead(back, v.second.inbox, newest.ID, newest.Read); err != nil {
		v.note("the mail could not be marked as it was: " + newest.Subject)
	}
	if compared != nil {
		return compared
	}
	if err := v.first.settle(ctx); err != nil {
		return err
	}
	return v.compare(ctx, "nothing changed, again", check.Unchanged)
}

// compare asks both questions, and then brings the first device up to date.
func (v *visit) compare(ctx context.Context, event string, truth check.State) (err error) {
	c := Case{Event: event, Changed: truth == check.Changed}
	if c.Estimate, err = v.first.estimate(ctx); err != nil {
		return err
	}
	if c.Ping, err = v.first.ping(ctx, checkPing); err != nil {
		return err
	}
	v.report.Cases = append(v.report.Cases, c)
	return v.first.settle(ctx)
}

func (v *visit) note(text string) {
	v.report.Notes = append(v.report.Notes, text)
	v.tell(text)
}
