// Package redis runs a real redis-server (Debian's) for tests: on a free port of
// 127.0.0.1, in a directory of its own, with a password. It can be killed, stopped in its tracks and
// started again with what it had kept, as a machine's would be. It knows nothing of what is kept.
package redis

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Password is what it wants to hear.
const Password = "correct horse battery staple"

// patience is how long a test waits for something that comes at once unless it never
// comes.
const patience = 20 * time.Second

// Server is one redis-server.
type Server struct {
	t       testing.TB
	dir     string
	address string
	options []string // more of them
	cmd     *exec.Cmd
	ended   chan struct{}
}

// StartCluster runs three that share the slots of a cluster, and gives the first.
func StartCluster(t testing.TB) *Server {
	t.Helper()
	var all []*Server
	for range 3 {
		bus := FreePort(t)
		s := Start(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--masterauth", Password)
		from := len(all) * slots / 3
		s.Ask(fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", from, (len(all)+1)*slots/3-1))
		s.Ask(fmt.Sprintf("CLUSTER SET-CONFIG-EPOCH %d", len(all)+1))
		if len(all) > 0 {
			host, port, _ := net.SplitHostPort(all[0].address)
			s.Ask("CLUSTER MEET " + host + " " + port + " " + all[0].options[3])
		}
		all = append(all, s)
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ready := 0
		for _, s := range all {
			info := s.Ask("CLUSTER INFO")
			if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3") {
				ready++
			}
		}
		if ready == len(all) {
			return all[0]
		}
		if time.Now().After(end) {
			t.Fatal("the cluster does not come together")
		}
	}
}

const slots = 16384

// Start runs one until the test ends. A machine without redis-server has the test left
// out; CI does not.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no redis-server: run `make deps` once as root")
		}
		t.Skip("no redis-server: run `make deps` once as root")
	}
	s := &Server{t: t, dir: t.TempDir(), address: freePort(t), options: options}
	s.Run()
	t.Cleanup(s.Kill)
	return s
}

func freePort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// FreePort gives one that is free now.
func FreePort(t testing.TB) string {
	_, port, _ := net.SplitHostPort(freePort(t))
	return port
}

// URL is where it is, without the password.
func (s *Server) URL() string { return "redis://" + s.address + "/0" }

// Run starts it again after a Kill, with what it had saved, and returns when it answers.
// It saves each second that something changed in, as Debian's does after a minute.
func (s *Server) Run() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.address)
	s.cmd = exec.Command("redis-server", append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", s.dir,
		"--requirepass", Password, "--save", "1 1", "--daemonize", "no", "--logfile", "redis.log"}, s.options...)...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd, ended := s.cmd, make(chan struct{})
	s.ended = ended
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := s.ask("PING"); err == nil {
			return
		} else if time.Now().After(end) {
			s.t.Fatalf("redis-server does not answer: %v", err)
		}
	}
}

// Kill ends it as a power cut does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
}

// Stop halts it: it takes connections and says nothing, until Continue.
func (s *Server) Stop() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Continue lets it go on.
func (s *Server) Continue() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }

// Ask sends a command of words without blanks and gives the answer's first line, or, of
// a bulk string, the string.
func (s *Server) Ask(command string) string {
	s.t.Helper()
	answer, err := s.ask(command)
	if err != nil {
		s.t.Fatalf("redis: %s: %v", command, err)
	}
	return answer
}

func (s *Server) ask(command string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.address, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := fmt.Fprintf(conn, "AUTH \"%s\"\r\n%s\r\n", Password, command); err != nil {
		return "", err
	}
	r := bufio.NewReader(conn)
	if line, err := r.ReadString('\n'); err != nil || line != "+OK\r\n" {
		return "", fmt.Errorf("%q, %w", line, err)
	}
	line, err := r.ReadString('\n')
	if err != nil || strings.HasPrefix(line, "-") {
		return "", fmt.Errorf("%q, %w", line, err)
	}
	var length int
	if n, _ := fmt.Sscanf(line, "$%d", &length); n == 1 && length >= 0 {
		text := make([]byte, length)
		for read := 0; read < length; {
			n, err := r.Read(text[read:])
			if err != nil {
				return "", err
			}
			read += n
		}
		return string(text), nil
	}
	return strings.TrimSpace(line[1:]), nil
}

// Operations is how many commands it has carried out, those in scripts among them.
func (s *Server) Operations() (n int) {
	s.t.Helper()
	for line := range strings.Lines(s.Ask("INFO commandstats")) {
		var calls int
		if _, after, found := strings.Cut(line, "calls="); found {
			if _, err := fmt.Sscanf(after, "%d", &calls); err == nil {
				n += calls
			}
		}
	}
	return n
}
