package lab

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// collectionOf is the first collection of a Sync answer.
func collectionOf(g got) *node { return g.doc.child(syncCollections, syncCollection) }

func TestSyncBringsTheKeyFirstAndTheMailNext(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.deliver("one")
		w.deliver("two")
		first := collectionOf(w.post("Sync", syncBody("5", "0")))
		if first.value(syncKey) != "1" || first.child(syncCommands) != nil {
			t.Fatalf("first answer: key %q, commands %v", first.value(syncKey), first.child(syncCommands))
		}
		_, came := w.syncAll("5", "1")
		if len(came) != 2 || came[1].value(syncData, emailSubject) != "two" {
			t.Fatalf("%d items came, want one and two", len(came))
		}
	})
}

func TestASyncWithoutNewsIsEmptyWithContentLengthZero(t *testing.T) {
	inWorld(t, ServerConfig{Chunked: true, Gzip: true}, func(w *world) {
		key, _ := w.syncAll("5", "0")
		w.header.Set("Accept-Encoding", "gzip")
		g := w.post("Sync", syncBody("5", key))
		if g.code != 200 || g.length != 0 || g.header.Get("Content-Type") != "" || g.chunked {
			t.Errorf("%d, length %d, type %q, chunked %v", g.code, g.length, g.header.Get("Content-Type"), g.chunked)
		}
		w.kind = "12.0" // there the whole document is asked for
		if c := collectionOf(w.post("Sync", syncBody("5", key))); c.value(syncKey) != key || c.value(syncClass) != "Email" {
			t.Errorf("12.0: key %q class %q", c.value(syncKey), c.value(syncClass))
		}
	})
}

func TestALostAnswerIsGivenAgainForTheSameKey(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		key, _ := w.syncAll("5", "0")
		w.deliver("one")
		remove := w.server.Inject(Fault{Match: On("Sync"), Times: 1, Kind: FaultLost})
		defer remove()
		if g := w.post("Sync", syncBody("5", key)); g.err == nil {
			t.Fatal("the answer was not lost")
		}
		w.deliver("two")
		if _, came := w.syncAll("5", key); len(came) != 2 {
			t.Fatalf("%d items after a lost answer, want both", len(came))
		}
	})
}

func TestAnAdditionSentTwiceBecauseOfALostAnswerIsOneItem(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		key, _ := w.syncAll("2", "0")
		add := el(syncCommands, el(syncAdd, leaf(syncClientID, "c1"), el(syncData, leaf(tag(0x0105), "text"))))
		w.server.Inject(Fault{Match: On("Sync"), Times: 1, Kind: FaultLost})
		w.post("Sync", syncBody("2", key, add))
		c := collectionOf(w.post("Sync", syncBody("2", key, add)))
		if c.value(syncResponses, syncAdd, syncStatus) != "1" || c.value(syncResponses, syncAdd, syncServerID) == "" {
			t.Fatalf("responses %v", c.child(syncResponses))
		}
		w.device = "dev2"
		if _, came := w.syncAll("2", "0"); len(came) != 1 {
			t.Errorf("another device sees %d contacts, want 1", len(came))
		}
	})
}

func TestAStaleOrUnknownKeyIsStatus3(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.deliver("one")
		w.syncAll("5", "0")
		w.deliver("two")
		w.syncAll("5", "2")
		for _, key := range []string{"1", "77", "-1", "key"} {
			if c := collectionOf(w.post("Sync", syncBody("5", key))); c.value(syncStatus) != "3" || c.value(syncKey) != "0" {
				t.Errorf("key %s: status %q key %q, want 3 and 0", key, c.value(syncStatus), c.value(syncKey))
			}
		}
		w.server.ForgetDevice("anna", "DEV1")
		if c := collectionOf(w.post("Sync", syncBody("5", "3"))); c.value(syncStatus) != "3" {
			t.Errorf("after the server forgot: status %q, want 3", c.value(syncStatus))
		}
	})
}

func TestWindowSizeCutsTheAnswerAndMoreAvailableSaysSo(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		for i := range 25 {
			w.deliver(fmt.Sprint(i))
		}
		key := collectionOf(w.post("Sync", syncBody("5", "0"))).value(syncKey)
		var sizes []int
		for more := true; more; {
			c := collectionOf(w.post("Sync", syncBody("5", key, leaf(syncWindowSize, "10"))))
			key, more = c.value(syncKey), c.child(syncMoreAvailable) != nil
			sizes = append(sizes, len(c.child(syncCommands).kids))
		}
		if fmt.Sprint(sizes) != "[10 10 5]" {
			t.Errorf("windows of %v, want 10 10 5", sizes)
		}
	})
}

func TestFilterTypeHidesOldMailAndTakesAgedMailAway(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.server.Deliver("anna", "", Mail{Subject: "old", Received: time.Now().Add(-48 * time.Hour)})
		w.deliver("new")
		threeDays := el(syncOptions, leaf(syncFilterType, "2"))
		w.post("Sync", syncBody("5", "0", threeDays))
		c := collectionOf(w.post("Sync", syncBody("5", "1")))
		if n := len(c.child(syncCommands).kids); n != 2 {
			t.Fatalf("%d within three days, want 2", n)
		}
		time.Sleep(25 * time.Hour)
		c = collectionOf(w.post("Sync", syncBody("5", c.value(syncKey))))
		if k := c.child(syncCommands).kids; len(k) != 1 || k[0].tag != syncSoftDelete {
			t.Fatalf("a day later %v, want one SoftDelete", k)
		}
	})
}

func TestClientChangesReachOtherDevicesAndDoNotComeBack(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		one, two := w.deliver("one"), w.deliver("two")
		mine, _ := w.syncAll("5", "0")
		w.device = "dev2"
		theirs, _ := w.syncAll("5", "0")
		w.device = "dev1"
		c := collectionOf(w.post("Sync", syncBody("5", mine, el(syncCommands,
			el(syncChange, leaf(syncServerID, one), el(syncData, leaf(emailRead, "1"))),
			el(syncDelete, leaf(syncServerID, two)),
			el(syncChange, leaf(syncServerID, "5:99"), el(syncData, leaf(emailRead, "1")))))))
		if c.child(syncCommands) != nil || c.value(syncResponses, syncChange, syncStatus) != "8" {
			t.Errorf("own changes came back %v, responses %v", c.child(syncCommands), c.child(syncResponses))
		}
		if _, came := w.syncAll("5", c.value(syncKey)); len(came) != 0 {
			t.Errorf("%d more came back", len(came))
		}
		w.device = "dev2"
		_, came := w.syncAll("5", theirs)
		if len(came) != 2 || came[0].tag != syncDelete || came[1].value(syncData, emailRead) != "1" {
			t.Errorf("the other device got %v", came)
		}
		if trash := w.server.Mails("anna", "Deleted Items"); len(trash) != 1 {
			t.Errorf("%d in Deleted Items, want 1", len(trash))
		}
	})
}

func TestAChangedContactReachesTheOtherDevice(t *testing.T) {
	const name, city = tag(0x0119), tag(0x010D)
	inWorld(t, ServerConfig{}, func(w *world) {
		theirs, _ := w.syncAll("2", "0")
		w.device = "dev2"
		mine, _ := w.syncAll("2", "0")
		c := collectionOf(w.post("Sync", syncBody("2", mine, el(syncCommands,
			el(syncAdd, leaf(syncClientID, "c"), el(syncData, leaf(name, "Anna"), leaf(city, "Ulm")))))))
		id := c.value(syncResponses, syncAdd, syncServerID)
		w.post("Sync", syncBody("2", c.value(syncKey), el(syncCommands,
			el(syncChange, leaf(syncServerID, id), el(syncData, leaf(city, "Bonn"), leaf(tag(0x010E), "x"))))))
		w.device = "dev1"
		_, came := w.syncAll("2", theirs)
		if len(came) != 1 || came[0].value(syncData, name) != "Anna" || came[0].value(syncData, city) != "Bonn" {
			t.Errorf("the other device got %v", came)
		}
	})
}

func TestFetchGivesOneItemWhole(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		id := w.deliver("one")
		key, _ := w.syncAll("5", "0")
		c := collectionOf(w.post("Sync", syncBody("5", key, el(syncCommands, el(syncFetch, leaf(syncServerID, id))))))
		if got := c.value(syncResponses, syncFetch, syncData, baseBody, baseData); got != "text" {
			t.Errorf("fetched body %q", got)
		}
	})
}

func TestAHangingSyncIsHeldAndBringsTheMail(t *testing.T) {
	for _, hold := range []*node{leaf(syncHeartbeat, "600"), leaf(syncWait, "10")} {
		inWorld(t, ServerConfig{}, func(w *world) {
			key, _ := w.syncAll("5", "0")
			ask := syncBody("5", key).add(hold)
			g := w.post("Sync", ask)
			if g.code != 200 || len(g.body) != 0 || g.after != 600*sec {
				t.Fatalf("quiet: %d, %d bytes after %v", g.code, len(g.body), g.after)
			}
			held := w.later("Sync", nil) // an empty Sync hangs as long as the one before (MS-ASCMD 2.2.1.21.1)
			time.Sleep(40 * sec)
			w.deliver("one")
			g = <-held
			if g.after != 40*sec || len(collectionOf(g).child(syncCommands).kids) != 1 {
				t.Fatalf("woken after %v with %v", g.after, g.doc)
			}
		})
	}
}

func TestAHangingSyncWithAClientsChangeIsAnsweredAtOnceButNotForAFlag(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		id := w.deliver("one")
		key, _ := w.syncAll("5", "0")
		flag := el(syncCommands, el(syncChange, leaf(syncServerID, id), el(syncData, leaf(emailRead, "1"))))
		g := w.post("Sync", syncBody("5", key, flag).add(leaf(syncHeartbeat, "60")))
		if g.after != 60*sec || collectionOf(g).value(syncKey) == key {
			t.Errorf("flag: after %v, key %q", g.after, collectionOf(g).value(syncKey))
		}
		key = collectionOf(g).value(syncKey)
		gone := el(syncCommands, el(syncDelete, leaf(syncServerID, id)))
		if g = w.post("Sync", syncBody("5", key, gone).add(leaf(syncHeartbeat, "60"))); g.after != 0 {
			t.Errorf("deletion: after %v, want at once", g.after)
		}
	})
}

func TestSyncRefusesWaitsOutOfRangeInTheUnitThatWasSent(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		key, _ := w.syncAll("5", "0")
		for _, c := range []struct {
			ask           *node
			status, limit string
		}{
			{leaf(syncWait, "0"), "14", "1"}, {leaf(syncWait, "60"), "14", "59"},
			{leaf(syncHeartbeat, "59"), "14", "60"}, {leaf(syncHeartbeat, "3541"), "14", "3540"},
		} {
			g := w.post("Sync", syncBody("5", key).add(c.ask))
			w.want(g, syncStatus, c.status, 0)
			if g.doc.value(syncLimit) != c.limit {
				t.Errorf("%s: limit %q, want %q", c.ask.text, g.doc.value(syncLimit), c.limit)
			}
		}
		both := syncBody("5", key).add(leaf(syncWait, "5"), leaf(syncHeartbeat, "300"))
		w.want(w.post("Sync", both), syncStatus, "4", 0)
	})
}

func TestEmptyAndPartialSyncNeedSomethingCached(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.want(w.post("Sync", nil), syncStatus, "13", 0)
		w.want(w.post("Sync", el(syncRoot, el(syncPartial), leaf(syncWait, "1"))), syncStatus, "13", 0)
		key, _ := w.syncAll("5", "0")
		w.post("Sync", syncBody("5", key).add(leaf(syncHeartbeat, "60")))
		g := w.post("Sync", el(syncRoot, el(syncPartial), leaf(syncHeartbeat, "120")))
		if len(g.body) != 0 || g.after != 120*sec {
			t.Errorf("partial: %d bytes after %v, want the cached collections held 120 s", len(g.body), g.after)
		}
	})
}

func TestTooManyCollectionsIsStatus15(t *testing.T) {
	inWorld(t, ServerConfig{MaxFolders: 2}, func(w *world) {
		ask := syncBody("5", "0")
		for _, id := range []string{"1", "2"} {
			ask.kids[0].add(el(syncCollection, leaf(syncKey, "0"), leaf(syncCollectionID, id)))
		}
		g := w.post("Sync", ask)
		w.want(g, syncStatus, "15", 0)
		if g.doc.value(syncLimit) != "2" {
			t.Errorf("limit %q, want 2", g.doc.value(syncLimit))
		}
	})
}

func TestAnotherSyncOfTheDeviceEndsTheHangingOne(t *testing.T) {
	inWorld(t, ServerConfig{Collision: CollideStatus1}, func(w *world) {
		key, _ := w.syncAll("5", "0")
		held := w.later("Sync", syncBody("5", key).add(leaf(syncHeartbeat, "600")))
		time.Sleep(5 * sec)
		w.syncAll("6", "0")
		w.want(<-held, syncStatus, "136", 5*sec)
	})
}

func TestAHangingSyncEndsWithStatus12WhenFoldersChange(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.folderSync()
		key, _ := w.syncAll("5", "0")
		held := w.later("Sync", syncBody("5", key).add(leaf(syncHeartbeat, "600")))
		w.server.AddFolder("anna", "Projects", "Email")
		w.want(<-held, syncStatus, "12", 0)
		synctest.Wait()
	})
}

func TestEstimateCountsWhatASyncWouldBringAndDisturbsNothing(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		key, _ := w.syncAll("5", "0")
		ask := func(key string, more ...*node) *node {
			return el(estimateRoot, el(estimateCollections, el(estimateCollection,
				leaf(syncKey, key), leaf(estimateCollectionID, "5")).add(more...)))
		}
		w.server.Deliver("anna", "", Mail{Subject: "old", Received: time.Now().Add(-100 * time.Hour)})
		w.deliver("new")
		for _, c := range []struct {
			ask          *node
			status, want string
		}{
			{ask(key), "1", "2"},
			{ask(key, el(syncOptions, leaf(syncFilterType, "2"))), "1", "1"}, // the form of 14.x
			{ask(key, leaf(syncFilterType, "2")), "1", "1"},                  // the form of 12.1
			{ask("0"), "3", ""}, {ask("99"), "3", ""},
		} {
			r := w.post("GetItemEstimate", c.ask).doc.child(estimateResponse)
			if r.value(estimateStatus) != c.status || r.value(estimateCollection, estimateCount) != c.want {
				t.Errorf("status %q count %q, want %s %s", r.value(estimateStatus), r.value(estimateCollection, estimateCount), c.status, c.want)
			}
		}
		if _, came := w.syncAll("5", key); len(came) != 2 {
			t.Errorf("%d came after the estimates, want 2", len(came))
		}
	})
}
