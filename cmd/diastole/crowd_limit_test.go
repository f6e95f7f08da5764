package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// parked is how many waits 20,000 descriptors must hold at least.
const parked = 19_000

// Descriptors run out one day, and then it matters in which order: who waits goes on
// waiting, other requests are still relayed, who comes when nothing is left is told
// when to come back, and the drain answers everybody who waited.
func TestAtTheLimitOfDescriptorsNewPhonesAreSentAwayAndHeldOnesLive(t *testing.T) {
	if testing.Short() {
		t.Skip("left out with -short")
	}
	server := httptest.NewServer(http.HandlerFunc(acceptAndHold))
	t.Cleanup(server.Close)
	p := startLean(t, configFile(t, server.URL, "  max_waits: 1\ndrain: 12s\n"))
	phones := newHousehold(t, p.address("edge"), parked)
	p.awaitHeld(parked)

	served := fillUp(t, p.address("edge"))
	t.Logf("%d waits are held and %d other connections open when the first is turned away", parked, served)
	for range 3 {
		if answer := visit(t, p.address("edge")); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("one more at the limit: answered %s", answer.Status)
		}
	}
	p.awaitHeld(parked)

	p.signal(unix.SIGTERM)
	// Some at a time: the race detector allows 8128 goroutines.
	for some := range slices.Chunk(phones, 4000) {
		answers := some.farewells()
		for range some {
			if f := soon(t, answers); f.code != 200 || f.body != pingStatus1 || f.end != io.EOF {
				t.Fatalf("a held Ping: %v %v, then %v", f.reply, f.header, f.end)
			}
		}
	}
	p.exit(0)
}

// acceptAndHold is a server that holds each Ping and says a word of ActiveSync to
// everything else, which is how it accepts a phone's credentials.
func acceptAndHold(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	if r.URL.Query().Get("Cmd") == "Ping" {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/vnd.ms-sync.wbxml")
	io.WriteString(w, pingStatus1)
}

// newHousehold is a crowd that the server knows: only who has been accepted once is
// told "nothing new" by us.
func newHousehold(t *testing.T, address string, n int) crowd {
	t.Helper()
	// As in newCrowd.
	config := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	c := make(crowd, n)
	slots, errs := make(chan struct{}, 64), make(chan error, n)
	for i := range c {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			conn, err := tls.Dial("tcp", address, config)
			if err == nil {
				t.Cleanup(func() { conn.Close() })
				c[i] = conn
				err = acquaint(conn, crowdPing(i))
			}
			errs <- err
		}()
	}
	for range c {
		if err := <-errs; err != nil {
			t.Fatalf("one of the household: %v", err)
		}
	}
	return c
}

// acquaint sends a command that is answered at once, and then the Ping.
func acquaint(conn *tls.Conn, ping string) error {
	if _, err := io.WriteString(conn, strings.Replace(ping, "Cmd=Ping", "Cmd=Settings", 1)); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("acquainted with %s, %v", answer.Status, err)
	}
	_, err = io.WriteString(conn, ping)
	return err
}

// startLean is startWithFiles without the race detector in the program: shadow
// memory for so many connections is no fault of theirs.
func startLean(t *testing.T, config string) *process {
	t.Helper()
	lean := filepath.Join(t.TempDir(), "diastole")
	if out, err := exec.Command("go", "build", "-o", lean, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raced := program
	program = lean
	defer func() { program = raced }()
	return startWithFiles(t, config)
}

// fillUp opens connections and keeps them until one is turned away; it returns how
// many were served before.
func fillUp(t *testing.T, address string) (served int) {
	t.Helper()
	for range enoughFiles - parked {
		answer := visit(t, address)
		if answer.StatusCode == http.StatusOK {
			served++
			continue
		}
		after, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		if answer.StatusCode != http.StatusServiceUnavailable || after < 20 || after > 60 || !answer.Close {
			t.Fatalf("turned away with %s %v, want 503, 20 to 60 s to wait, and a closed connection", answer.Status, answer.Header)
		}
		return served
	}
	t.Fatalf("%d connections beside %d waits, and nobody was turned away", served, parked)
	return 0
}

// visit sends a request that does not wait, on a connection that it keeps.
func visit(t *testing.T, address string) *http.Response {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, "GET /owa/ HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

var pingsHeld = regexp.MustCompile(`(?m)^diastole_waits_held\{kind="ping"\} (\S+)$`)

// awaitHeld waits until the metrics say that so many Pings are held.
func (p *process) awaitHeld(n int) {
	p.t.Helper()
	tick, late := time.NewTicker(50*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		held := 0.0
		page := get(p.t, "http://"+p.address("admin")+"/metrics")
		if found := pingsHeld.FindStringSubmatch(page.body); found != nil {
			held, _ = strconv.ParseFloat(found[1], 64)
		}
		if held == float64(n) {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			p.t.Fatalf("%v Pings are held, want %d; %d %v", held, n, page.code, page.err)
		}
	}
}
