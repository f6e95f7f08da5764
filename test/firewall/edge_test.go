//go:build linux

package firewall

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/admin"
	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/test/netns"
)

// An edge is the real diastole beside a mail server of the lab, on the far side of
// a firewall that forgets.
type edge struct {
	*testing.T
	world         *netns.World
	server        *lab.Server
	phones, admin string // host:port
	begun         chan logLine
	pings         atomic.Int64 // that the mail server was asked
	living        sync.WaitGroup
	ctx           context.Context
}

// A logLine is a line of the log, of those that the tests look at.
type logLine struct {
	Level, Logger, Address string
	Message                string `json:"msg"`
	Device                 string
	Asked                  float64 `json:"asked_seconds"`
	Given                  float64 `json:"given_seconds"`
}

// startEdge runs diastole until the test is over. Intervals below a minute are let
// through: here a second may stand for a minute.
func startEdge(t *testing.T, w *netns.World, policy string) *edge {
	t.Helper()
	e := &edge{T: t, world: w, begun: make(chan logLine, 4096),
		server: lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": "secret"}, MinHeartbeat: time.Second})}
	inside, err := w.Server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e.serve(inside)
	e.run(fmt.Sprintf("listen: %s:0\nupstream: {url: http://%s}\nadmin: {listen: 127.0.0.1:0}\ndrain: 1s\n"+
		"log: {level: debug, format: json, users: plain}\npolicy: {%s}\n", netns.ServerAddress, inside.Addr(), policy))
	ctx, stop := context.WithCancel(t.Context())
	e.ctx = ctx
	t.Cleanup(func() { stop(); e.living.Wait() })
	return e
}

// serve runs the mail server and counts the Pings that reach it.
func (e *edge) serve(inside net.Listener) {
	h := &http.Server{ConnContext: e.server.ConnContext, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("Cmd") == "Ping" {
			e.pings.Add(1)
		}
		e.server.ServeHTTP(w, r)
	})}
	e.Cleanup(func() { e.server.Close(); h.Close() })
	go h.Serve(inside)
}

func (e *edge) run(config string) {
	e.Helper()
	binary, err := build()
	if err != nil {
		e.Fatal(err)
	}
	file := filepath.Join(e.TempDir(), "diastole.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		e.Fatal(err)
	}
	cmd := exec.Command(binary, "serve", "--config", file)
	log, err := cmd.StderrPipe()
	if err != nil {
		e.Fatal(err)
	}
	if err := e.world.Server.Start(cmd); err != nil {
		e.Fatal(err)
	}
	listening, read := make(chan struct{}), make(chan struct{})
	go func() { defer close(read); e.read(log, listening) }()
	e.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-read
		if err := cmd.Wait(); err != nil {
			e.Errorf("diastole ended with %v", err)
		}
	})
	select {
	case <-listening:
	case <-read:
		e.Fatal("diastole ended before it listened")
	}
}

// read reads the log to its end. Both listeners name their ports in it.
func (e *edge) read(log io.Reader, listening chan<- struct{}) {
	for scan := bufio.NewScanner(log); scan.Scan(); {
		var l logLine
		if err := json.Unmarshal(scan.Bytes(), &l); err != nil || l.Level == "error" {
			e.Errorf("diastole's log: %s", scan.Text())
		}
		switch l.Message {
		case "listening":
			if l.Logger == "edge" {
				e.phones = l.Address
			} else {
				e.admin = l.Address
			}
			if e.phones != "" && e.admin != "" {
				close(listening)
			}
		case "wait begins":
			e.begun <- l
		}
	}
}

// live lets a phone of anna live in the phones' namespace until the test is over.
func (e *edge) live(cfg lab.PhoneConfig) {
	cfg.URL, cfg.User, cfg.Password = "https://"+e.phones, "anna", "secret"
	cfg.Dial, cfg.TLS = e.world.Phones.Dial, &tls.Config{InsecureSkipVerify: true}
	if cfg.OnError == nil {
		cfg.OnError = func(err error) { e.Errorf("%s: %v", cfg.DeviceID, err) }
	}
	phone := lab.NewPhone(cfg)
	e.living.Go(func() { _ = phone.Run(e.ctx) })
}

// ask reads a page of the admin listener, from within the namespace.
func (e *edge) ask(page string) []byte {
	e.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: e.world.Server.Dial}
	answer, err := (&http.Client{Transport: transport}).Get("http://" + e.admin + page)
	if err != nil {
		e.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		e.Fatalf("%s: %s, %v: %s", page, answer.Status, err, text)
	}
	return text
}

// networks are what diastole has learned of, by name.
func (e *edge) networks() []admin.Network {
	e.Helper()
	var page admin.NetworksPage
	if err := json.Unmarshal(e.ask("/api/v1/networks"), &page); err != nil {
		e.Fatal(err)
	}
	slices.SortFunc(page.Networks, func(a, b admin.Network) int { return strings.Compare(a.Name, b.Name) })
	return page.Networks
}

// network is what diastole has learned of the phones' network, where there is one.
func (e *edge) network() admin.Network {
	e.Helper()
	found := e.networks()
	if len(found) != 1 {
		e.Fatalf("%+v; want one network", found)
	}
	return found[0]
}

// device is what diastole knows of the only phone.
func (e *edge) device() admin.Device {
	e.Helper()
	var page admin.DevicesPage
	if err := json.Unmarshal(e.ask("/api/v1/devices"), &page); err != nil || len(page.Devices) != 1 {
		e.Fatalf("%v: %+v; want one device", err, page)
	}
	return page.Devices[0]
}

// metric sums the samples of a metric whose labels match a regular expression.
func (e *edge) metric(name, labels string) (sum float64) {
	e.Helper()
	sample := regexp.MustCompile(`(?m)^` + name + `\{` + labels + `\} (\S+)$`)
	for _, found := range sample.FindAllSubmatch(e.ask("/metrics"), -1) {
		value, _ := strconv.ParseFloat(string(found[1]), 64)
		sum += value
	}
	return sum
}

// deliveries is how many answers were judged so.
func (e *edge) deliveries(proof string) int {
	e.Helper()
	return int(e.metric("diastole_deliveries_total", fmt.Sprintf(`kind="ping",proof="%s"`, proof)))
}

// build makes the binary once; TestMain deletes it.
// DIASTOLE_BINARY names one that is there.
var build = sync.OnceValues(func() (string, error) {
	if binary := os.Getenv("DIASTOLE_BINARY"); binary != "" {
		return binary, nil
	}
	dir, err := os.MkdirTemp("", "diastole-firewall-")
	if err != nil {
		return "", err
	}
	buildDir = dir
	binary := filepath.Join(dir, "diastole")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/diastole")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

var buildDir string
