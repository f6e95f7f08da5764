package lab

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestAPhoneBringsItsMarksAndDeletionsToTheServer(t *testing.T) {
	for _, version := range []string{"2.5", "12.1", "14.1"} {
		t.Run(version, func(t *testing.T) {
			inWorld(t, ServerConfig{}, func(w *world) {
				synced := func(id string) (*Phone, string, *[]Mail) {
					var mails []Mail
					p := NewPhone(PhoneConfig{URL: "http://lab", User: "anna", Password: "secret", Dial: w.pipe.Dial, DeviceID: id,
						Version: version, Filter: 3, OnMail: func(m Mail) { mails = append(mails, m) }})
					if err := p.FolderSync(context.Background()); err != nil {
						t.Fatal(err)
					}
					inbox := inboxID
					if err := p.Sync(context.Background(), inbox); err != nil {
						t.Fatal(err)
					}
					return p, inbox, &mails
				}
				w.deliver("hello")
				a, inbox, _ := synced("a")
				defer a.Close()
				b, _, mails := synced("b")
				defer b.Close()
				if err := b.MarkRead(context.Background(), inbox, (*mails)[0].ID, true); err != nil {
					t.Fatal(err)
				}
				before := a.Key(inbox)
				if err := a.Sync(context.Background(), inbox); err != nil || a.Key(inbox) == before {
					t.Errorf("the mark has not come: key %s, %v", a.Key(inbox), err)
				}
				c, _, marked := synced("c")
				defer c.Close()
				if !(*marked)[0].Read {
					t.Error("the server does not know that it is read")
				}
				if err := b.Delete(context.Background(), inbox, (*mails)[0].ID); err != nil {
					t.Fatal(err)
				}
				d, _, left := synced("d")
				defer d.Close()
				if len(*left) > 0 {
					t.Errorf("still there: %v", *left)
				}
				if err := b.MarkRead(context.Background(), inbox, (*mails)[0].ID, true); err == nil {
					t.Error("a mail that is gone was marked")
				}
				synctest.Wait()
			})
		})
	}
}

func TestWhatAPhoneIsToldToAskIsAskedAsItIs(t *testing.T) {
	inWorld(t, ServerConfig{Policy: true}, func(w *world) {
		p := NewPhone(PhoneConfig{URL: "http://lab", User: "anna", Password: "secret", Dial: w.pipe.Dial})
		defer p.Close()
		body, err := p.Ask(context.Background(), "FolderSync", el(folderSync, leaf(folderSyncKey, "0")).encode(), 0)
		root, parsed := parse(body)
		if err != nil || parsed != nil || root.value(folderStatus) != "1" || p.policyKey() == "" {
			t.Errorf("%x, %v: policy key %q", body, err, p.policyKey())
		}
		if len(p.Folders()) > 0 {
			t.Error("the phone has taken what was only asked")
		}
		if h, err := p.OptionsHeader(context.Background()); err != nil || h.Get("MS-ASProtocolVersions") != protocolVersions {
			t.Errorf("%v, %v", h, err)
		}
	})
}

func TestAMailThatIsOnlySentLeavesNoCopy(t *testing.T) {
	for _, version := range []string{"12.1", "14.1"} {
		inWorld(t, ServerConfig{}, func(w *world) {
			p := NewPhone(PhoneConfig{URL: "http://lab", User: "anna", Password: "secret", Dial: w.pipe.Dial, Version: version})
			defer p.Close()
			m := Mail{From: "anna@lab.test", To: "anna@lab.test", Subject: "x"}
			for i, send := range []func(context.Context, Mail) error{p.SendOnly, p.Send} {
				time.Sleep(time.Second) // its ClientId is the time
				if err := send(context.Background(), m); err != nil {
					t.Fatal(err)
				}
				if came, kept := len(w.server.Mails("anna", inboxID)), len(w.server.Mails("anna", sentID)); came != i+1 || kept != i {
					t.Errorf("%s: %d came and %d were kept after %d", version, came, kept, i+1)
				}
			}
		})
	}
}
