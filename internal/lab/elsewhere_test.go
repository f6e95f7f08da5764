package lab

import (
	"context"
	"testing"
)

func TestWhatAnotherClientDoesIsOutstandingUntilTheNextSync(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		p := NewPhone(PhoneConfig{URL: "http://lab", User: "anna", Password: "secret", Dial: w.pipe.Dial})
		defer p.Close()
		ctx := context.Background()
		mail := w.deliver("one")
		event, err := w.server.AddEvent("anna", "", "dentist")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.FolderSync(ctx); err != nil {
			t.Fatal(err)
		}
		outstanding := func(step string, folder string, added, touched int) {
			t.Helper()
			a, c, known := w.server.Outstanding("anna", "phone1", folder, p.Key(folder))
			if len(a) != added || len(c) != touched || !known {
				t.Errorf("%s: %v added, %v touched, known %v; want %d and %d", step, a, c, known, added, touched)
			}
			if err := p.Sync(ctx, folder); err != nil {
				t.Fatal(err)
			}
			if a, c, known := w.server.Outstanding("anna", "phone1", folder, p.Key(folder)); len(a)+len(c) > 0 || !known {
				t.Errorf("%s: %v added, %v touched, known %v after the Sync", step, a, c, known)
			}
		}
		if _, _, known := w.server.Outstanding("anna", "phone1", inboxID, "0"); known {
			t.Error("key 0 stands for something")
		}
		for _, folder := range []string{"1", inboxID, trashID} {
			if err := p.Sync(ctx, folder); err != nil {
				t.Fatal(err)
			}
		}
		w.server.Rename("anna", event, "dentist, at ten")
		outstanding("renamed", "1", 0, 1)
		w.server.MarkRead("anna", mail, true)
		outstanding("read", inboxID, 0, 1)
		moved, ok := w.server.Move("anna", mail, trashID)
		if !ok || moved == mail {
			t.Fatalf("moved to %s, %v", moved, ok)
		}
		outstanding("moved away", inboxID, 0, 1)
		outstanding("moved here", trashID, 1, 0)
		w.server.Remove("anna", moved)
		outstanding("removed", trashID, 0, 1)
		w.deliver("two")
		outstanding("delivered", inboxID, 1, 0)
	})
}

func TestAFolderThatIsRemovedAndAPasswordThatIsChangedAreNoticed(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		p := NewPhone(PhoneConfig{URL: "http://lab", User: "anna", Password: "secret", Dial: w.pipe.Dial})
		defer p.Close()
		id := w.server.AddFolder("anna", "Projects", "Email")
		if err := p.FolderSync(context.Background()); err != nil || len(p.Folders()) != 9 {
			t.Fatalf("%d folders, %v", len(p.Folders()), err)
		}
		if !w.server.RemoveFolder("anna", id) || w.server.RemoveFolder("anna", id) {
			t.Error("it can be removed once")
		}
		if err := p.FolderSync(context.Background()); err != nil || len(p.Folders()) != 8 {
			t.Errorf("%d folders, %v", len(p.Folders()), err)
		}
		w.server.SetPassword("anna", "another")
		if err := p.FolderSync(context.Background()); err == nil {
			t.Error("the old password is still good")
		}
		p.SetPassword("another")
		if err := p.FolderSync(context.Background()); err != nil {
			t.Errorf("the new one is not: %v", err)
		}
	})
}
