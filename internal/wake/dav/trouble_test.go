package dav

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/wake"
)

func TestWhileNobodyAnswersNothingIsCoveredAndAfterwardsNothingIsLost(t *testing.T) {
	for _, changes := range []int{0, 1} {
		inWorld(t, func(w *world) {
			p := w.watching()
			w.says(http.StatusBadGateway, "")
			time.Sleep(64 * time.Second)
			if p.Covers() != 0 || len(w.warnings()) != 1 {
				t.Errorf("covers %b, said %q", p.Covers(), w.warnings())
			}
			time.Sleep(time.Hour)
			if changes > 0 {
				w.change("Calendar/")
			}
			w.set(func() { w.answer = nil })
			time.Sleep(64 * time.Second)
			if n := p.heard(); p.Covers() != wake.Other || n != changes || len(w.warnings()) != 1 {
				t.Errorf("covers %b, told %d times of %d changes, said %q", p.Covers(), n, changes, w.warnings())
			}
		})
	}
}

func TestAServerThatHangsIsGivenUpOn(t *testing.T) {
	inWorld(t, func(w *world) {
		p := w.watching()
		w.set(func() { w.slow = time.Hour })
		time.Sleep(64*time.Second + patience)
		if p.Covers() != 0 || w.count("looks_total", "unreachable") != 1 || len(w.warnings()) != 1 {
			t.Errorf("covers %b, said %q", p.Covers(), w.warnings())
		}
	})
}

// With more users than there is time for, the last look is too old to rely on.
func TestAnOldLookCoversNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		p := w.watching()
		w.set(func() { w.slow = time.Hour })
		for i := range 100 { // all before the next look at anna
			m := anna()
			m.User = strings.Repeat("x", i+1)
			w.watch(m)
		}
		time.Sleep(121 * time.Second)
		synctest.Wait()
		if n := w.looks(); p.Covers() != 0 || p.covered != 2 || n > 40 {
			t.Errorf("covers %b after %d other looks", p.Covers(), n)
		}
	})
}

func TestARefusedPasswordIsTriedAgainOnlyWhenSomebodyComesWithIt(t *testing.T) {
	inWorld(t, func(w *world) {
		w.set(func() { w.password = "newer" })
		p := w.watch(anna())
		time.Sleep(time.Hour)
		if n := w.looks(); n != 1 || p.Covers() != 0 || len(w.warnings()) != 0 {
			t.Errorf("%d attempts, said %q", n, w.warnings())
		}
		p.Leave()
		for range 100 {
			p := w.watch(anna())
			settle()
			p.Leave()
		}
		if n := w.looks(); n < 1 || n > 2 {
			t.Errorf("%d attempts for 100 waits in 100 s", n)
		}
		w.set(func() { w.password = "secret" })
		time.Sleep(refusedPause)
		p = w.watch(anna())
		settle()
		if p.Covers() != wake.Other || p.heard() != 1 {
			t.Error("good credentials are not tried again")
		}
	})
}

func TestThePasswordIsKeptOnlyWhileSomebodyWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.set(func() { w.slow = time.Second })
		for _, after := range []time.Duration{500 * time.Millisecond, 10 * time.Second} { // in the middle of a look, and between two
			p := w.watch(anna())
			time.Sleep(after)
			p.Leave()
			synctest.Wait()
			w.source.mu.Lock()
			for _, a := range w.source.accounts {
				if a.who != (credentials{}) || a.on != nil {
					t.Errorf("left after %v: %+v is kept", after, a.who)
				}
			}
			w.source.mu.Unlock()
		}
		if w.looks(); w.count("looks_total", "unreachable") != 0 || len(w.warnings()) != 0 {
			t.Error("a look that was given up is a failure")
		}
	})
}

func TestWhoComesBackInTheMiddleOfALookIsLookedAt(t *testing.T) {
	inWorld(t, func(w *world) {
		w.set(func() { w.slow = 200 * time.Millisecond })
		for range 20 {
			p := w.watch(anna())
			time.Sleep(100 * time.Millisecond)
			p.Leave()
		}
		p := w.watch(anna())
		time.Sleep(5 * time.Second)
		if p.Covers() != wake.Other || p.heard() != 1 {
			t.Errorf("covers %b", p.Covers())
		}
	})
}

func TestNothingOfAUserIsLogged(t *testing.T) {
	inWorld(t, func(w *world) {
		p := w.watching()
		w.pipe.Close()
		time.Sleep(2 * time.Minute)
		if p.Covers() != 0 || w.logs.Len() == 0 {
			t.Error("nothing happened")
		}
		for _, l := range w.logs.All() {
			if text := fmt.Sprint(l.Message, l.ContextMap()); strings.Contains(text, "anna") || strings.Contains(text, "secret") {
				t.Errorf("logged: %s", text)
			}
		}
	})
}

func TestARedirectIsNotFollowed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.set(func() {
			w.answer = func(rw http.ResponseWriter, r *http.Request) bool {
				http.Redirect(rw, r, "http://elsewhere.test/"+r.URL.Path, http.StatusPermanentRedirect)
				return true
			}
		})
		p := w.watch(anna())
		time.Sleep(10 * time.Minute)
		if n := w.looks(); n != 1 || p.Covers() != 0 || w.count("looks_total", "redirect") != 1 {
			t.Errorf("%d looks", n)
		}
		if said := w.warnings(); len(said) != 1 || !strings.Contains(said[0], "write the address that it leads to in wake.dav.url") {
			t.Errorf("said %q", said)
		}
	})
}

func TestAnswersThatAreNoneCoverNothing(t *testing.T) {
	long := listing("/", strings.Repeat("x", mostBytes), "1")
	for why, answers := range map[string][]string{
		"oversize":    {long},
		"unsupported": {listing("/SOGo/dav/anonymous/Calendar/"), listing("/", "a/", "", "b/", " \n ")},
		"malformed": {"<html><p>welcome</html>", "<html/>", "\x00\xff", listing("/", "a/", "1")[:300], `<multistatus/>`,
			`<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>` + listing("/", "&b;", "1"),
			listing("/", "&lol;", "1"), listing("/", "a/", strings.Repeat("<a>", 80_000)),
			strings.Replace(listing("/", "a/", "1"), "utf-8", "utf-16", 1)},
	} {
		for _, body := range answers {
			inWorld(t, func(w *world) {
				w.says(http.StatusMultiStatus, body)
				p := w.watch(anna())
				settle()
				if p.Covers() != 0 || p.heard() != 0 || w.count("looks_total", why) != 1 || len(w.warnings()) != 1 {
					t.Errorf("%.60q is not %s: %q", body, why, w.warnings())
				}
			})
		}
	}
}

// Without a bound a few hundred KiB of open elements become tens of MiB.
func TestReadingAHostileAnswerTakesLittle(t *testing.T) {
	bodies := [][]byte{[]byte(listing("/", "a/", strings.Repeat("<a>", 80_000))), []byte("<a " + strings.Repeat(`a="" `, 50_000) + ">")}
	for _, body := range bodies {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := readTags(body); err == nil {
			t.Error("taken")
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
			t.Errorf("%d bytes of %.10q take %d", len(body), body, used)
		}
	}
}

func FuzzReadTags(f *testing.F) {
	f.Add([]byte(listing("/a/", "b/", "1")))
	f.Add([]byte(listing("/a/")))
	f.Add(bytes.Repeat([]byte("<a>"), 20))
	f.Fuzz(func(t *testing.T, body []byte) {
		lines, err := readTags(body)
		if (err == nil) != (len(lines) > 0) {
			t.Errorf("%d lines, %v", len(lines), err)
		}
	})
}

func TestAFullSourceMakesRoomForWhoWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.says(http.StatusMultiStatus, listing("/", "a/", "1"))
		left := w.watching()
		left.Leave()
		w.source.mu.Lock()
		kept := len(w.source.accounts)
		for i := range mostAccounts - kept { // who was here
			var id wake.Identity
			id[0], id[1], id[2] = byte(i), byte(i>>8), 1
			w.source.accounts[id] = &account{source: w.source, id: id, known: true}
		}
		w.source.mu.Unlock()
		m := anna()
		m.User = "bert"
		p := w.watch(m)
		settle()
		if p.Covers() != wake.Other || w.accounts() != mostAccounts {
			t.Errorf("covers %b, %d accounts", p.Covers(), w.accounts())
		}
	})
}

func TestAfterCloseNothingIsCovered(t *testing.T) {
	inWorld(t, func(w *world) {
		p := w.watching()
		w.source.Close()
		if q := w.watch(anna()); p.Covers() != 0 || q.Covers() != 0 || w.accounts() != 0 {
			t.Error("covered by nobody")
		}
		p.Leave()
		time.Sleep(2 * lingers)
		if w.looks() != 0 {
			t.Error("looked")
		}
	})
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	for _, url := range []string{"", "sogo.test/SOGo/dav", "ftp://sogo.test/", "https:///SOGo", "https://u:p@sogo.test/SOGo/dav", "http://[::1"} {
		if s, err := New(Config{URL: url}); err == nil {
			s.Close()
			t.Errorf("%q is taken", url)
		} else if strings.Contains(err.Error(), "u:p") {
			t.Errorf("%v tells the password", err)
		}
	}
}
