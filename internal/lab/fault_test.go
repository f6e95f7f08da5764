package lab

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestFaultsThatReplaceTheAnswer(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault Fault
		check func(g got) bool
	}{
		{"throttled", Throttled(On("Ping"), "17"), func(g got) bool { return g.code == 503 && g.header.Get("Retry-After") == "17" }},
		{"redirected", Redirected(nil, "https://b.lab.test/Microsoft-Server-ActiveSync"), func(g got) bool {
			return g.code == 451 && g.header.Get("X-MS-Location") == "https://b.lab.test/Microsoft-Server-ActiveSync"
		}},
		{"sign-in page", SignIn(nil), func(g got) bool { return g.code == 200 && g.header.Get("Content-Type") == "text/html" }},
		{"500 in the middle of a hold", Fault{Kind: FaultHTTP, Code: 500, After: 10 * sec}, func(g got) bool { return g.code == 500 && g.after == 10*sec }},
		{"401 without a body", Fault{Kind: FaultHTTP, Code: 401}, func(g got) bool { return g.code == 401 && g.length == 0 }},
		{"status 8", Fault{Kind: FaultStatus, Code: 8, After: 3 * sec}, func(g got) bool { return g.doc.value(pingStatus) == "8" && g.after == 3*sec }},
		{"status 9, which does not exist", Fault{Kind: FaultStatus, Code: 9}, func(g got) bool { return g.doc.value(pingStatus) == "9" }},
		{"status 5", Fault{Kind: FaultStatus, Code: 5, Limit: 900}, func(g got) bool { return g.doc.value(pingHeartbeat) == "900" }},
		{"status 6", Fault{Kind: FaultStatus, Code: 6, Limit: 3}, func(g got) bool { return g.doc.value(pingMaxFolders) == "3" }},
		{"status 2", Fault{Kind: FaultStatus, Code: 2}, func(g got) bool { return g.doc.value(pingFolders, pingFolder) == "5" }},
		{"early", Fault{Kind: FaultEarly, After: 7 * sec}, func(g got) bool { return g.doc.value(pingStatus) == "1" && g.after == 7*sec }},
		{"late", Fault{Kind: FaultLate, After: 6 * sec}, func(g got) bool { return g.doc.value(pingStatus) == "1" && g.after == 66*sec }},
		{"slow", Fault{Kind: FaultSlow, After: 2 * sec}, func(g got) bool { return g.doc.value(pingStatus) == "1" && g.after == 62*sec }},
		{"cut before a byte", Fault{Kind: FaultCutBefore, After: 9 * sec}, func(g got) bool { return errors.Is(g.err, io.EOF) && g.after == 9*sec }},
		{"reset", Fault{Kind: FaultReset, After: 9 * sec}, func(g got) bool { return errors.Is(g.err, syscall.ECONNRESET) && g.after == 9*sec }},
		{"cut after the head", Fault{Kind: FaultCutHead}, func(g got) bool { return g.code == 200 && errors.Is(g.err, io.ErrUnexpectedEOF) }},
		{"cut in a chunk", Fault{Kind: FaultCutChunk}, func(g got) bool { return g.chunked && len(g.body) == 6 && errors.Is(g.err, io.ErrUnexpectedEOF) }},
		{"byte by byte", Fault{Kind: FaultDribble}, func(g got) bool { return len(g.body) == 13 && g.err == nil }},
		{"garbage behind", Fault{Kind: FaultGarbage}, func(g got) bool { return len(g.body) > 13 && g.doc.value(pingStatus) == "1" && g.err == nil }},
		{"lost", Fault{Kind: FaultLost}, func(g got) bool { return errors.Is(g.err, io.EOF) && g.after == 60*sec }},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, ServerConfig{}, func(w *world) {
				w.server.Inject(c.fault)
				if g := w.post("Ping", pingBody(60, "5")); !c.check(g) {
					t.Errorf("got %d after %v, %v, %v, %x", g.code, g.after, g.err, g.header, g.body)
				}
			})
		})
	}
}

func TestAFaultHitsAsOftenAsItSaysAndOnlyWhatItMatches(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.server.Inject(Fault{Match: All(On("ping"), ByDevice("DEV1")), Times: 2, Kind: FaultStatus, Code: 8})
		w.want(w.post("FolderSync", el(folderSync, leaf(folderSyncKey, "0"))), folderStatus, "1", 0)
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "8", 0)
		w.device = "dev2"
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "1", 60*sec)
		w.device = "dev1"
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "8", 0)
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "1", 60*sec)
		remove := w.server.Inject(Fault{Kind: FaultStatus, Code: 8})
		remove()
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "1", 60*sec)
	})
}

func TestAStatusOnDemandStandsWhereSyncHasIt(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.server.Inject(Fault{Match: On("Sync"), Times: 1, Kind: FaultStatus, Code: 12, InCollections: true})
		w.server.Inject(Fault{Match: On("Sync"), Times: 1, Kind: FaultStatus, Code: 14, Limit: 59})
		c := collectionOf(w.post("Sync", syncBody("5", "7")))
		if c.value(syncStatus) != "12" || c.value(syncCollectionID) != "5" {
			t.Errorf("in the collection: %v", c)
		}
		g := w.post("Sync", syncBody("5", "7"))
		w.want(g, syncStatus, "14", 0)
		if g.doc.value(syncLimit) != "59" {
			t.Errorf("limit %q", g.doc.value(syncLimit))
		}
	})
}

func TestAMuteServerSaysNothingUntilTheClientLeaves(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.server.Inject(Fault{Kind: FaultMute})
		held := w.later("Ping", pingBody(60, "5"))
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		select {
		case g := <-held:
			t.Fatalf("answered %d, %v", g.code, g.err)
		default:
		}
		w.server.Close()
		<-held
	})
}

// The head of an answer by hand, as a phone reads it.
func rawPost(t *testing.T, c net.Conn, r *http.Request) *http.Response {
	t.Helper()
	if err := r.Write(c); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestCloseAfterEndsTheConnectionWithoutSayingSo(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.server.Inject(Fault{Kind: FaultCloseAfter})
		c, _ := w.pipe.Dial(context.Background(), "", "")
		defer c.Close()
		resp := rawPost(t, c, w.request(context.Background(), "Ping", pingBody(60, "5")))
		if resp.Close || resp.ContentLength != 13 || resp.Header.Get("Connection") != "" {
			t.Errorf("close %v, length %d, %v", resp.Close, resp.ContentLength, resp.Header)
		}
		io.ReadAll(resp.Body)
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the answer: %v, want EOF", err)
		}
	})
}

func TestAReusedConnectionCanBeStale(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.server.Inject(Fault{Match: Reused, Kind: FaultReset})
		c, _ := w.pipe.Dial(context.Background(), "", "")
		defer c.Close()
		io.Copy(io.Discard, rawPost(t, c, w.request(context.Background(), "Ping", pingBody(60, "5"))).Body)
		w.request(context.Background(), "Ping", pingBody(60, "5")).Write(c)
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("second request: %v, want ECONNRESET", err)
		}
	})
}

func TestAnswersAreFramedAndPackedAsConfigured(t *testing.T) {
	inWorld(t, ServerConfig{Chunked: true, Gzip: true}, func(w *world) {
		if g := w.post("Ping", pingBody(60, "5")); !g.chunked || g.header.Get("Content-Encoding") != "" {
			t.Errorf("not offered: chunked %v, encoding %q", g.chunked, g.header.Get("Content-Encoding"))
		}
		w.header.Set("Accept-Encoding", "gzip, deflate")
		g := w.post("Ping", pingBody(60, "5"))
		w.want(g, pingStatus, "1", 60*sec)
		if !g.chunked || g.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("chunked %v, encoding %q", g.chunked, g.header.Get("Content-Encoding"))
		}
	})
}

func TestHeaderNamesGoOutInTheirOwnSpelling(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		c, _ := w.pipe.Dial(context.Background(), "", "")
		defer c.Close()
		r := w.request(context.Background(), "", nil)
		r.Method = http.MethodOptions
		r.Write(c)
		head := make([]byte, 2000)
		n, _ := c.Read(head)
		for _, name := range []string{"\r\nMS-ASProtocolVersions: ", "\r\nMS-ASProtocolCommands: ", "\r\nMS-Server-ActiveSync: ", "\r\nContent-Length: 0\r\n"} {
			if !strings.Contains(string(head[:n]), name) {
				t.Errorf("no %q in\n%s", name, head[:n])
			}
		}
	})
}
