package dovecot

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Server is one Dovecot with its users and their mail.
type Server struct {
	IMAP  string         // HOST:PORT; STARTTLS where there is TLS
	IMAPS string         // HOST:PORT, with Config.TLS
	Roots *x509.CertPool // what its certificate is verified with, for 127.0.0.1 and localhost

	dir     string
	users   int
	process *exec.Cmd
	ended   chan struct{} // closed when the process has
}

// Start runs a server until the end of the test.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	Need(t)
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Dovecot's log:\n%s", s.Log())
		}
		if err := s.Close(); err != nil {
			t.Errorf("Dovecot: %v", err)
		}
	})
	return s
}

// New runs a server until Close, for a TestMain.
func New(c Config) (*Server, error) {
	// Not the test's own temporary directory: Dovecot's users cannot enter it, and
	// its name makes the paths of sockets too long.
	dir, err := os.MkdirTemp("", "dovecot-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, users: max(c.Users, 0)}
	if s.users == 0 {
		s.users = 4
	}
	if err := s.prepare(c); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// A free port may be taken by somebody else before Dovecot has it.
	for range 3 {
		if err = s.configure(c); err == nil {
			if err = s.start(); err == nil {
				return s, nil
			}
		}
	}
	return nil, errors.Join(fmt.Errorf("%w, log: %s", err, s.Log()), s.Close())
}

// configure writes the settings, with new ports.
func (s *Server) configure(c Config) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	l := layout{Config: c, Dir: s.dir, IMAPPort: ports[0], IMAPSPort: ports[1]}
	s.IMAP = net.JoinHostPort("127.0.0.1", l.IMAPPort)
	if c.TLS {
		s.IMAPS = net.JoinHostPort("127.0.0.1", l.IMAPSPort)
	}
	return os.WriteFile(s.path("dovecot.conf"), []byte(l.settings()), 0o644)
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// start runs the daemon and returns when it takes connections.
func (s *Server) start() error {
	s.process = exec.Command("dovecot", "-F", "-c", s.path("dovecot.conf"))
	// It must not outlive a test that is killed.
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	// A file and no pipe: its children keep it open, and Wait would wait for them.
	log, err := os.OpenFile(s.path("dovecot.log"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	ended := make(chan struct{})
	s.ended = ended
	go func(p *exec.Cmd) {
		defer close(ended)
		_ = p.Wait() // what it had to say is in the log
	}(s.process)
	for range 500 {
		select {
		case <-ended:
			return errors.New("dovecot ended: " + s.Log())
		case <-time.After(10 * time.Millisecond):
		}
		if s.ready() {
			return nil
		}
	}
	return errors.Join(errors.New("dovecot took no connection in 5 s"), s.Stop())
}

// ready: both doors greet. A listening port alone is not enough: it was bound before
// the process behind it was started, and may be somebody else's.
func (s *Server) ready() bool {
	return greets("unix", s.path("run/lmtp"), "220 ") && greets("tcp", s.IMAP, "* OK ")
}

func greets(network, address, with string) bool {
	conn, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	greeting := make([]byte, len(with))
	_, err = conn.Read(greeting)
	return err == nil && string(greeting) == with
}

// Stop ends the daemon and all its connections; the mail stays. Restart brings it back.
func (s *Server) Stop() error {
	if s.process == nil {
		return nil
	}
	err := s.process.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		err = errors.Join(errors.New("dovecot did not stop in 10 s"), s.process.Process.Kill())
		<-s.ended
	}
	s.process = nil
	return err
}

// Restart ends the daemon if it runs, and runs it again at the same addresses.
func (s *Server) Restart() error { return errors.Join(s.Stop(), s.start()) }

// Close ends the daemon and deletes all that it had.
func (s *Server) Close() error { return errors.Join(s.Stop(), os.RemoveAll(s.dir)) }

// Log is what the daemon has logged.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.path("dovecot.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Doveadm runs doveadm and returns what it printed.
func (s *Server) Doveadm(arguments ...string) (string, error) {
	out, err := exec.Command("doveadm", append([]string{"-c", s.path("dovecot.conf")}, arguments...)...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("doveadm %s: %w: %s", strings.Join(arguments, " "), err, out)
	}
	return string(out), nil
}

func freePorts(n int) (ports []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports, nil
}
