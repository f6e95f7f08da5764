package e2e

import (
	"crypto/x509"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/said"
)

// A door is where a phone knocks: the URL without a path, and whom it trusts.
type door struct {
	url   string
	roots *x509.CertPool
}

// The three doors of the server: nginx as diastole sees it, nginx as a phone
// sees it, and sogod itself.
func front() string { return "http://" + server.nginx }
func direct() door  { return door{url: front()} }
func bare() string  { return "http://" + server.sogod + "/SOGo" }

// An edge is one diastole process. Each test has its own, so that its log and
// its counters speak of this test alone.
type edge struct {
	t      testing.TB
	phones string // host:port
	admin  string
	roots  *x509.CertPool
	log    *journal
}

func (e *edge) door() door { return door{"https://" + e.phones, e.roots} }

// startEdge runs diastole in front of upstream (a URL, or a URL and more of that
// section: "http://..., linger: 30s") until the test ends, then asks it to stop and
// wants exit code 0: a data race found on the way makes it 66. Lines of settings are
// added to the usual ones.
func startEdge(t testing.TB, upstream string, settings ...string) *edge {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	e := &edge{t: t, roots: certificate(t, dir)}
	cmd := exec.Command(binary, "serve", "--config", config(t, dir, upstream, settings))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e.log = &journal{lines: make(chan line, 64), kept: said.File(t, said.LogLines)}
	read := make(chan struct{})
	go func() { e.log.read(stderr); close(read) }()
	t.Cleanup(func() {
		e.keepMetrics()
		cmd.Process.Signal(syscall.SIGTERM)
		<-read // Wait closes the pipe: only after all was read
		if err := cmd.Wait(); err != nil {
			t.Errorf("diastole ended with %v", err)
		}
		e.log.judge(t)
	})
	e.await(e.log.lines)
	return e
}

// keepMetrics keeps what /metrics says at the end, for make private.
func (e *edge) keepMetrics() {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	if answer, err := client.Get("http://" + e.admin + "/metrics"); err == nil { // else the test has ended it
		io.Copy(said.File(e.t, said.Page), answer.Body)
		answer.Body.Close()
	}
}

// await reads the ports from the log: both listeners name theirs.
func (e *edge) await(lines <-chan line) {
	e.t.Helper()
	for l := range lines {
		switch {
		case l.Message == "listening" && l.Logger == "edge":
			e.phones = l.Address
		case l.Message == "listening" && l.Logger == "admin":
			e.admin = l.Address
		}
		if e.phones != "" && e.admin != "" {
			go func() { // the rest is kept in the journal, nobody waits for it
				for range lines {
				}
			}()
			return
		}
	}
	e.t.Fatal("diastole ended before it listened")
}

func config(t testing.TB, dir, upstream string, settings []string) string {
	t.Helper()
	file := filepath.Join(dir, "diastole.yaml")
	text := fmt.Sprintf(`listen: 127.0.0.1:0
tls: {cert: %[1]s/cert.pem, key: %[1]s/key.pem}
upstream: {url: %[2]s}
admin: {listen: 127.0.0.1:0}
drain: 2s
log: {level: debug, format: json}
%[3]s
`, dir, upstream, strings.Join(settings, "\n"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// build makes the binary once, with the race detector, or with coverage where
// GOCOVERDIR says where to. DIASTOLE_BINARY names one that is there, a release
// for instance.
var build = sync.OnceValues(func() (string, error) {
	if binary := os.Getenv("DIASTOLE_BINARY"); binary != "" {
		return binary, nil
	}
	// The test's result is cached by the files it opens. It does not open those
	// of the binary, so it looks at them here; else a changed proxy is "cached".
	err := filepath.WalkDir("../..", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".go" {
			_, err = os.Stat(name)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	binary := filepath.Join(server.dir, "diastole")
	args := []string{"build", "-race", "-o", binary, "./cmd/diastole"}
	if os.Getenv("GOCOVERDIR") != "" {
		args = []string{"build", "-cover", "-coverpkg=./...", "-o", binary, "./cmd/diastole"}
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return binary, nil
})

// metric sums the samples of a counter or gauge whose labels match a regular
// expression; a metric that was never touched is 0.
func (e *edge) metric(name, labels string) (sum float64) {
	e.t.Helper()
	r, err := http.NewRequestWithContext(e.t.Context(), "GET", "http://"+e.admin+"/metrics", nil)
	if err != nil {
		e.t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		e.t.Errorf("metrics: %v", err)
		return 0
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Errorf("metrics: %v", err)
	}
	sample := regexp.MustCompile(`(?m)^` + name + `(?:\{` + labels + `\})? (\S+)$`)
	for _, found := range sample.FindAllSubmatch(text, -1) {
		value, _ := strconv.ParseFloat(string(found[1]), 64)
		sum += value
	}
	return sum
}

// awaits waits until a metric has that value, or more.
func (e *edge) awaits(t testing.TB, name, labels string, value float64) {
	t.Helper()
	for limit := time.Now().Add(90 * time.Second); e.metric(name, labels) < value; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s{%s} is %v after 90 s, want %v", name, labels, e.metric(name, labels), value)
		}
	}
}

// expectWaits wants so many waits of this kind to have ended in this way, and
// none to be held still.
func (e *edge) expectWaits(n int, kind, outcome string) {
	e.t.Helper()
	labels := fmt.Sprintf("kind=%q,outcome=%q", kind, outcome)
	if got := e.metric("diastole_waits_total", labels); int(got) != n {
		e.t.Errorf("%v waits {%s} are counted, want %d", got, labels, n)
	}
	if held := e.metric("diastole_waits_held", ".*"); held != 0 {
		e.t.Errorf("%v waits are held after their end", held)
	}
}

// onWaits calls f when n waits are held. The function that it returns waits for
// f's end.
func (e *edge) onWaits(n int, f func()) (done func()) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		for limit := time.Now().Add(time.Minute); e.metric("diastole_waits_held", ".*") < float64(n); {
			if time.Now().After(limit) {
				e.t.Errorf("no %d waits are held after a minute", n)
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		// SOGo looks when a wait begins and every 5 s after: let the first look of
		// all of them pass, then they all see the change at their second.
		time.Sleep(1500 * time.Millisecond)
		f()
	}()
	return func() { <-over }
}
