package e2e

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// sogod's own port answers with HTTP/1.1 and Content-Length, says nothing of
// closing, and closes. Whoever keeps such a connection loses the next request.
func TestSogodsSilentClosesAreNeverSeenByAPhone(t *testing.T) {
	t.Parallel()
	user := server.user(t)
	e := startEdge(t, bare())
	if bad := post(t, e.door(), user, user+"THROUGH", 2000); bad > 0 {
		t.Errorf("%d of 2000 POSTs were not answered with 200", bad)
	}
	// A proxy that does not know of the trap shows that it is there. How often it
	// falls in depends on the machine, so that is told and not asserted.
	plain := httptest.NewServer(plainProxy(t, bare()))
	defer plain.Close()
	bad := post(t, door{url: plain.URL}, user, user+"PLAIN", 300)
	t.Logf("a plain Go ReverseProxy answered %d of 300 POSTs with something else than 200", bad)
	// A POST that is sent again may be a mail sent twice, so it must not be the
	// cure. sogod writes its log after the answer: the last line may be late.
	for range 50 {
		if sogodServed(t, user+"THROUGH") >= 2000 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if n := sogodServed(t, user+"THROUGH"); n != 2000 {
		t.Errorf("sogod served %d POSTs for 2000", n)
	}
}

// post sends back to back on four kept-alive connections and counts the answers
// that are not 200. Every second POST has a body: it cannot be sent again.
func post(t *testing.T, d door, user, device string, posts int) (bad int) {
	t.Helper()
	const phones = 4
	var wg sync.WaitGroup
	var mu sync.Mutex
	for n := range phones {
		p := newPhone(t, d, user, fmt.Sprintf("%s%d", device, n))
		wg.Go(func() {
			for i := range posts / phones {
				command, doc := "Sync", (*element)(nil)
				if i%2 == 0 {
					command, doc = "Provision", el("Provision:Provision")
				}
				if a := p.send(command, doc); a.status != http.StatusOK {
					mu.Lock()
					bad++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return bad
}

// sogodServed counts in sogod's log.
func sogodServed(t *testing.T, device string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(server.dir, "log/sogo.log"))
	if err != nil {
		t.Fatal(err)
	}
	return len(regexp.MustCompile(`"POST [^" ]*DeviceId=`+device+`[0-9]`).FindAll(text, -1))
}

// plainProxy is what one writes first: net/http/httputil with all its defaults.
func plainProxy(t *testing.T, upstream string) http.Handler {
	t.Helper()
	to, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{Transport: transport, ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
}
