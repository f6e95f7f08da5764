package main

import (
	"crypto/tls"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// supervisor is as much of a service manager as these tests need: it holds the
// sockets, starts processes with them and hears what they say.
type supervisor struct {
	t       *testing.T
	config  string
	sockets []*os.File
	env     []string
	said    chan string
}

// supervise holds a port for phones, which the configuration names.
func supervise(t *testing.T, more string) (s *supervisor, server *mailServer, address string) {
	t.Helper()
	server = newMailServer(t, httptest.NewServer)
	s = &supervisor{t: t, said: make(chan string, 100)}
	address = s.socket()
	s.config = configFile(t, server.URL, "listen: "+address+"\n"+more)
	s.listen()
	s.env = append(s.env, "LISTEN_FDS=1", "LISTEN_FDNAMES=phones")
	return s, server, address
}

// socket opens one more socket to hand over.
func (s *supervisor) socket() (address string) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { f.Close() })
	s.sockets = append(s.sockets, f)
	return l.Addr().String()
}

// listen opens the socket on which processes are heard.
func (s *supervisor) listen() {
	path := filepath.Join(s.t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	s.env = append(s.env, "NOTIFY_SOCKET="+path)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			s.said <- string(b[:n])
		}
	}()
}

// start starts a process as systemd does, which knows its number only after the fork.
func (s *supervisor) start(env ...string) *process {
	s.t.Helper()
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" serve --config "$1"`, program, s.config)
	cmd.Env = append(append(os.Environ(), s.env...), env...)
	cmd.ExtraFiles = s.sockets
	return startCommand(s.t, cmd)
}

// hears returns the next message that begins like this; others are passed over.
func (s *supervisor) hears(begin string) string {
	s.t.Helper()
	for {
		if m := soon(s.t, s.said); strings.HasPrefix(m, begin) {
			return m
		}
	}
}

func TestAServiceManagerHearsOfTheStartTheReloadAndTheEnd(t *testing.T) {
	s, _, _ := supervise(t, "drain: 1s\n")
	p := s.start()
	if m := s.hears("READY=1"); m != "READY=1\nSTATUS=started" {
		t.Errorf("at the start: %q", m)
	}
	p.signal(unix.SIGHUP)
	if m := s.hears("RELOADING=1"); !regexp.MustCompile(`^RELOADING=1\nMONOTONIC_USEC=[1-9]\d+$`).MatchString(m) {
		t.Errorf("at a reload: %q", m)
	}
	if m := s.hears("READY=1"); m != "READY=1\nSTATUS=the configuration was read again" {
		t.Errorf("after it: %q", m)
	}
	if err := os.WriteFile(s.config, []byte("no: such key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(unix.SIGHUP)
	s.hears("RELOADING=1")
	if m := s.hears("READY=1"); strings.Count(m, "\n") != 1 || !strings.Contains(m, "the one in force stays: "+s.config+":1") {
		t.Errorf("after one that failed: %q", m)
	}
	p.signal(unix.SIGTERM)
	want := "STOPPING=1\nSTATUS=answering the waits that are held, within 1s\nEXTEND_TIMEOUT_USEC=11000000"
	if m := s.hears("STOPPING=1"); m != want {
		t.Errorf("at the end: %q", m)
	}
	p.exit(0)
}

func TestTheWatchdogIsFedAndHearsOfTheWaits(t *testing.T) {
	s, server, address := supervise(t, "drain: 1s\n")
	p := s.start("WATCHDOG_USEC=300000")
	s.hears("READY=1")
	held := pingLater(t, address, "jo")
	soon(t, server.pings)
	p.await(1, "proxy", "wait begins")
	for s.hears("WATCHDOG=1") != "WATCHDOG=1\nSTATUS=1 waits held" {
	}
	p.signal(unix.SIGTERM)
	s.hears("STOPPING=1")
	if a := soon(t, held); a.body != pingStatus1 {
		t.Errorf("the Ping: %v", a)
	}
	p.exit(0)
}

// The sign of life is worth what it is tied to: whoever cannot read a table of the
// process, or whose run loop does not turn, sends none.
func TestAProcessThatIsStuckSendsNoSignOfLife(t *testing.T) {
	s, _, _ := supervise(t, "")
	t.Setenv("NOTIFY_SOCKET", strings.TrimPrefix(s.env[0], "NOTIFY_SOCKET="))
	stuck := newStuckDaemon(t)
	go stuck.report(t.Context())
	stuck.manager.tell("MARK=1")
	soon(t, stuck.asked) // the run loop is asked, and then the metrics, which hang
	stuck.manager.tell("MARK=2")
	s.hears("MARK=1")
	if m := soon(t, s.said); m != "MARK=2" {
		t.Errorf("it said %q", m)
	}
	close(stuck.release)
	s.hears("WATCHDOG=1")
}

// load lets phones connect, each time anew, until stop, and counts what became of it.
type load struct {
	answered atomic.Int64
	failed   chan error
	stop     func()
}

func newLoad(t *testing.T, address string) *load {
	l := &load{failed: make(chan error, 1000)}
	end, running := make(chan struct{}), sync.WaitGroup{}
	l.stop = sync.OnceFunc(func() { close(end); running.Wait() })
	t.Cleanup(l.stop)
	for range 6 {
		running.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				if a := get(t, "https://"+address+"/"); a.err != nil {
					l.failed <- a.err
				} else {
					l.answered.Add(1)
				}
			}
		})
	}
	return l
}

// reach waits until so many more were answered.
func (l *load) reach(t *testing.T, more int64) {
	t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for want := l.answered.Load() + more; l.answered.Load() < want; {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d answered, want %d", l.answered.Load(), want)
		}
	}
}

func TestNoConnectionIsRefusedAcrossARestart(t *testing.T) {
	s, _, address := supervise(t, "drain: 2s\n")
	p := s.start()
	l := newLoad(t, address)
	for range 3 {
		l.reach(t, 20)
		p.signal(unix.SIGTERM)
		p.exit(0)
		// Nobody is there, and yet this one is taken. It has its answer from the next.
		between, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatalf("between two processes: %v", err)
		}
		p = s.start()
		if err := tls.Client(between, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(t.Context()); err != nil {
			t.Errorf("who came between two processes: %v", err)
		}
		between.Close()
	}
	l.reach(t, 20)
	l.stop()
	close(l.failed)
	for err := range l.failed {
		t.Error(err)
	}
}

func TestEachSocketGoesWhereItsNameSays(t *testing.T) {
	s, server, phones := supervise(t, "")
	admin := s.socket()
	rewrite(t, s.config, server.URL, "listen: "+phones+"\nadmin: {listen: \""+admin+"\"}\n")
	s.env = append(s.env, "LISTEN_FDS=2", "LISTEN_FDNAMES=phones:admin")
	p := s.start()
	if got := p.address("edge"); got != phones {
		t.Errorf("phones at %s, want %s", got, phones)
	}
	if got := p.address("admin"); got != admin {
		t.Errorf("admin at %s, want %s", got, admin)
	}
	if a := get(t, "http://"+admin+"/livez"); a.code != 200 {
		t.Errorf("livez: %v", a)
	}
	p.none("", "sockets were handed over that nothing in the configuration takes: connections to them will hang")
}

func TestASocketWithoutAUseIsSaid(t *testing.T) {
	s, _, _ := supervise(t, "")
	s.socket()
	s.env = append(s.env, "LISTEN_FDS=2", "LISTEN_FDNAMES=phones:http")
	p := s.start()
	l := p.await(1, "", "sockets were handed over that nothing in the configuration takes: connections to them will hang")
	if names, _ := l["names"].([]any); len(names) != 1 || names[0] != "http" {
		t.Errorf("got %v", l)
	}
}

func TestASocketElsewhereThanConfiguredEndsTheStart(t *testing.T) {
	s, server, _ := supervise(t, "")
	rewrite(t, s.config, server.URL, "listen: 127.0.0.1:"+strconv.Itoa(1)+"\n")
	p := s.start()
	p.exit(1)
	if got := p.await(1, "", "stopped").text("error"); !strings.Contains(got, "127.0.0.1:1 is configured, but the socket \"phones\"") {
		t.Errorf("got %q", got)
	}
}
