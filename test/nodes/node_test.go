package nodes

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/said"
	"github.com/diastole/diastole/test/redis"
)

const (
	patience  = 30 * time.Second
	stateKey  = "0123456789abcdef0123456789abcdef"
	hookToken = "a-token-of-more-than-sixteen-characters"
)

// caller is whoever asks a node something that is no phone.
var caller = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 4}}

// node is one diastole, in one life after the other.
type node struct {
	t    testing.TB
	name string
	file string // configuration

	kept  io.Writer // its log, for make private
	cmd   *exec.Cmd
	ended chan struct{}

	edge, admin, hook atomic.Value // addresses; "" while it is dead
	mu                sync.Mutex
	warned            int // that Redis is gone, in all lives
}

// newNode starts a diastole in front of a server.
func newNode(t testing.TB, name, upstream, more string, r *redis.Server) *node {
	t.Helper()
	dir := t.TempDir()
	for file, text := range map[string]string{"key": stateKey, "password": redis.Password, "token": hookToken} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf("upstream: {url: %s, %s}\nlisten: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}\n"+
		"proxy_protocol: {trusted: [127.0.0.0/8]}\npolicy: {learn: enforce, margin: 1s}\nwake: {poll: 5m, safety: 5m, dovecot: {listen: 127.0.0.1:0, token_file: token}}\n"+
		"state: {redis: %s, password_file: password, key_file: key}\n", upstream, more, r.URL())
	n := &node{t: t, name: name, file: filepath.Join(dir, "diastole.yaml"), kept: said.File(t, said.LogLines)}
	if err := os.WriteFile(n.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n.down()
	n.run()
	t.Cleanup(n.kill)
	return n
}

func (n *node) down() {
	for _, address := range []*atomic.Value{&n.edge, &n.admin, &n.hook} {
		address.Store("")
	}
}

// run begins a life, and returns when phones may come.
func (n *node) run() {
	n.cmd = exec.Command(program, "serve", "--config", n.file)
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	pipe, err := n.cmd.StderrPipe()
	if err != nil {
		n.t.Error(err)
		return
	}
	if err := n.cmd.Start(); err != nil {
		n.t.Error(err)
		return
	}
	cmd, ended, listening := n.cmd, make(chan struct{}), make(chan struct{}, 3)
	n.ended = ended
	go func() {
		n.read(pipe, listening)
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	for range 3 {
		select {
		case <-listening:
		case <-time.After(patience):
			n.t.Errorf("%s does not listen", n.name)
			return
		}
	}
}

// read reads the log of a life.
func (n *node) read(pipe io.Reader, listening chan<- struct{}) {
	s := bufio.NewScanner(pipe)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		fmt.Fprintln(n.kept, s.Text())
		var line struct{ Level, Logger, Msg, Address string }
		if json.Unmarshal(s.Bytes(), &line) != nil {
			n.t.Errorf("%s says: %s", n.name, s.Text())
		}
		if at := map[string]*atomic.Value{"edge": &n.edge, "admin": &n.admin, "dovecot": &n.hook}[line.Logger]; at != nil && line.Msg == "listening" {
			at.Store(line.Address)
			listening <- struct{}{}
		}
		if strings.HasPrefix(line.Msg, "state.redis does not answer") {
			n.mu.Lock()
			n.warned++
			n.mu.Unlock()
		}
		if line.Level == "error" || line.Level == "panic" || strings.Contains(s.Text(), "DATA RACE") || strings.HasPrefix(s.Text(), "panic:") {
			n.t.Errorf("%s says: %s", n.name, s.Text())
		}
	}
}

// kill ends a life without a word.
func (n *node) kill() {
	n.down()
	_ = n.cmd.Process.Kill() // it may have ended
	<-n.ended
}

// warnings is how often it has said that Redis is gone.
func (n *node) warnings() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.warned
}

// get gives a page of the admin listener.
func (n *node) get(path string) (string, error) {
	answer, err := caller.Get("http://" + n.admin.Load().(string) + path)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

// metric adds up the series of a metric.
func (n *node) metric(name string) (sum float64) {
	text, err := n.get("/metrics")
	if err != nil {
		n.t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series == name || strings.HasPrefix(series, name+"{") {
			v, _ := strconv.ParseFloat(value, 64)
			sum += v
		}
	}
	return sum
}

// networks is what it says that it has learned, all of it, in one order.
func (n *node) networks() string {
	text, err := n.get("/api/v1/networks?limit=100")
	if err != nil {
		return err.Error()
	}
	var page struct{ Networks []json.RawMessage }
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		return err.Error()
	}
	slices.SortFunc(page.Networks, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	return fmt.Sprintf("%s", page.Networks)
}

// hears is Dovecot telling this node, as the script of deploy/dovecot does.
func (n *node) hears(user string) error {
	body := fmt.Sprintf(`{"user":%q,"events":[{"event":"MessageNew","folder":"INBOX"}]}`, user)
	r, err := http.NewRequest(http.MethodPost, "http://"+n.hook.Load().(string)+"/lua", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+hookToken)
	answer, err := caller.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("%s: HTTP %d", n.name, answer.StatusCode)
	}
	return nil
}

// dial connects to the node; a dead one refuses.
func (n *node) dial() (net.Conn, error) {
	at := n.edge.Load().(string)
	if at == "" {
		return nil, fmt.Errorf("%s: %w", n.name, syscall.ECONNREFUSED)
	}
	return net.DialTimeout("tcp", at, patience)
}
