package lab

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

const sec = time.Second

func TestPingIsHeldForTheIntervalAndAnswersTheThirteenBytesOfStatus1(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		g := w.post("Ping", pingBody(480, "5"))
		w.want(g, pingStatus, "1", 480*sec)
		if want := "03016a00000d45470331000101"; fmt.Sprintf("%x", g.body) != want {
			t.Errorf("body %x, want %s", g.body, want)
		}
	})
}

func TestPingAnswersAtOnceWhenMailIsDelivered(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.folderSync()
		key, _ := w.syncAll("5", "0")
		held := w.later("Ping", pingBody(900, "1", "5"))
		time.Sleep(100 * sec)
		w.deliver("news")
		g := <-held
		w.want(g, pingStatus, "2", 100*sec)
		if f := g.doc.child(pingFolders); len(f.kids) != 1 || string(f.kids[0].text) != "5" {
			t.Errorf("changed folders %v, want 5 alone", f.kids)
		}
		// A Ping after the change is answered at once, until a Sync took it (MS-ASCMD 3.1.5.8).
		w.want(w.post("Ping", pingBody(900, "5")), pingStatus, "2", 0)
		w.syncAll("5", key)
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "1", 60*sec)
	})
}

func TestPingDoesNotEndForChangesAndDeletionsAndOtherFolders(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		one, two := w.deliver("one"), w.deliver("two")
		w.syncAll("5", "0")
		held := w.later("Ping", pingBody(300, "5"))
		time.Sleep(10 * sec)
		w.server.MarkRead("anna", one, true)
		w.server.Remove("anna", two)
		w.server.Deliver("anna", "6", Mail{Subject: "sent"})
		w.server.Deliver("bert", "", Mail{Subject: "not ours"})
		w.want(<-held, pingStatus, "1", 300*sec)
	})
}

func TestPingParametersAreRememberedPerDevice(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.want(w.post("Ping", nil), pingStatus, "3", 0)
		w.want(w.post("Ping", pingBody(90)), pingStatus, "3", 0)
		w.want(w.post("Ping", pingBody(90, "5")), pingStatus, "1", 90*sec)
		w.want(w.post("Ping", nil), pingStatus, "1", 90*sec)
		w.want(w.post("Ping", pingBody(120)), pingStatus, "1", 120*sec)
		w.want(w.post("Ping", pingBody(0, "6")), pingStatus, "1", 120*sec)
		held := w.later("Ping", nil) // now folder 6
		w.deliver("to the Inbox")
		w.want(<-held, pingStatus, "1", 120*sec)
		w.device = "dev2"
		w.want(w.post("Ping", nil), pingStatus, "3", 0)
	})
}

func TestPingRefusesWhatTheSpecificationRefuses(t *testing.T) {
	many := make([]string, 201)
	for i := range many {
		many[i] = fmt.Sprint(100 + i)
	}
	twice := pingBody(60, "5")
	twice.kids = append(twice.kids, leaf(pingHeartbeat, "70"))
	noClass := el(pingRoot, leaf(pingHeartbeat, "60"), el(pingFolders, el(pingFolder, leaf(pingID, "5"))))
	for _, c := range []struct {
		name   string
		body   *node
		status string
		extra  tag
		value  string
	}{
		{"no children", el(pingRoot), "4", 0, ""},
		{"not a number", el(pingRoot, leaf(pingHeartbeat, "soon"), pingBody(0, "5").kids[0]), "4", 0, ""},
		{"two intervals", twice, "4", 0, ""},
		{"a folder without class", noClass, "4", 0, ""},
		{"too short", pingBody(59, "5"), "5", pingHeartbeat, "60"},
		{"negative", pingBody(-100, "5"), "5", pingHeartbeat, "60"},
		{"too long", pingBody(3541, "5"), "5", pingHeartbeat, "3540"},
		{"absurd", pingBody(6000000, "5"), "5", pingHeartbeat, "3540"},
		{"too many folders", pingBody(60, many...), "6", pingMaxFolders, "200"},
		{"a folder that does not exist", pingBody(60, "5", "99"), "7", 0, ""},
		{"another root", el(folderSync), "4", 0, ""},
	} {
		inWorld(t, ServerConfig{}, func(w *world) {
			g := w.post("Ping", c.body)
			w.want(g, pingStatus, c.status, 0)
			if c.extra != 0 && g.doc.value(c.extra) != c.value {
				t.Errorf("%s: limit %q, want %q", c.name, g.doc.value(c.extra), c.value)
			}
		})
	}
}

func TestPingSentAsTextIsStatus101(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.header.Set("Content-Type", "text/plain")
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "101", 0)
		w.kind = "12.1"
		if g := w.post("Ping", pingBody(60, "5")); g.code != 400 {
			t.Errorf("12.1 got %d, want 400", g.code)
		}
	})
}

func TestPingThatIsNotWBXMLIsStatus4(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		body := pingBody(60, "5").encode()
		r := w.request(context.Background(), "Ping", pingBody(60, "5"))
		r.Body, r.ContentLength = readCloser(body[:len(body)-3]), int64(len(body)-3)
		w.want(w.do(r), pingStatus, "4", 0)
	})
}

func TestPingEndsWithStatus7WhenFoldersChange(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.folderSync()
		held := w.later("Ping", pingBody(900, "5"))
		time.Sleep(30 * sec)
		w.server.AddFolder("anna", "Projects", "Email")
		w.want(<-held, pingStatus, "7", 30*sec)
		w.want(w.post("Ping", pingBody(900, "5")), pingStatus, "7", 0)
		w.folderSync()
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "1", 60*sec)
	})
}

func TestANewerPingEndsTheOlderAsTheServerDoes(t *testing.T) {
	for collision, status := range map[Collision]string{CollideStatus3: "3", CollideStatus1: "1"} {
		inWorld(t, ServerConfig{Collision: collision}, func(w *world) {
			older := w.later("Ping", pingBody(900, "5"))
			time.Sleep(20 * sec)
			newer := w.later("Ping", pingBody(60, "5"))
			w.want(<-older, pingStatus, status, 20*sec)
			w.want(<-newer, pingStatus, "1", 60*sec)
		})
	}
	inWorld(t, ServerConfig{Collision: CollideNever}, func(w *world) {
		older := w.later("Ping", pingBody(100, "5"))
		time.Sleep(20 * sec)
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "1", 60*sec)
		w.want(<-older, pingStatus, "1", 100*sec)
	})
}

func TestPingsOfOtherDevicesAndUsersLiveSideBySide(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		first := w.later("Ping", pingBody(100, "5"))
		w.device = "dev2"
		second := w.later("Ping", pingBody(100, "5"))
		if w.server.Held() != 2 {
			t.Errorf("%d held, want 2", w.server.Held())
		}
		w.want(<-first, pingStatus, "1", 100*sec)
		w.want(<-second, pingStatus, "1", 100*sec)
	})
}

func TestAWaitEndsWithItsClientUnlessTheServerKeepsAbandonedOnes(t *testing.T) {
	for keep, held := range map[bool]int{false: 0, true: 1} {
		inWorld(t, ServerConfig{KeepAbandoned: keep}, func(w *world) {
			ctx, leave := context.WithCancel(context.Background())
			go w.do(w.request(ctx, "Ping", pingBody(900, "5")))
			time.Sleep(5 * sec)
			leave()
			synctest.Wait()
			if got := w.server.Held(); got != held {
				t.Errorf("keep %v: %d held after the client left, want %d", keep, got, held)
			}
		})
	}
}

func TestClosingTheServerEndsItsWaits(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		held := w.later("Ping", pingBody(900, "5"))
		w.server.Close()
		<-held
		synctest.Wait()
		if w.server.Held() != 0 {
			t.Errorf("%d still held", w.server.Held())
		}
	})
}
