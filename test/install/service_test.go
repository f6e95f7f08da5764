//go:build linux

package install

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/test/netns"
)

// patience is how long something may take that comes at once unless it never comes.
const patience = 30 * time.Second

// service is diastole as its units start it.
type service struct {
	*debian
	space *netns.Space
	port  *os.File // the socket unit's
	said  *net.UnixConn
	log   bytes.Buffer
	cmd   *exec.Cmd
}

// newService opens the port of the socket unit, in a network of its own.
func newService(d *debian, space *netns.Space) *service {
	d.t.Helper()
	s := &service{debian: d, space: space}
	l, err := space.Listen(":" + d.unit("diastole.socket").one(d.t, "ListenStream"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer l.Close()
	if s.port, err = l.(*net.TCPListener).File(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { s.port.Close() })
	s.listen()
	return s
}

// listen opens the socket for the words of Type=notify.
func (s *service) listen() {
	s.t.Helper()
	var err error
	if s.said, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path("run/notify"), Net: "unixgram"}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.said.Close() })
	if err := os.Chmod(s.path("run/notify"), 0o777); err != nil {
		s.t.Fatal(err)
	}
}

// start runs the line of the service unit as its user, with its capability and no
// other, and waits for the word of Type=notify.
func (s *service) start() {
	s.t.Helper()
	unit, user := s.unit("diastole.service"), s.unit("diastole.service").one(s.t, "User")
	capability := "-all,+" + strings.ToLower(strings.TrimPrefix(unit.one(s.t, "AmbientCapabilities"), "CAP_"))
	s.cmd = exec.Command("unshare", "--mount", "sh", "-euc", `mount -t proc proc "$0/proc"; export LISTEN_PID=$$; exec chroot "$0" setpriv `+
		"--reuid="+user+" --regid="+unit.one(s.t, "Group")+" --init-groups --no-new-privs --inh-caps="+capability+" --ambient-caps="+capability+
		" --bounding-set="+capability+" "+unit.one(s.t, "ExecStart"), s.root)
	s.cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET=/run/notify", "LISTEN_FDS=1",
		"LISTEN_FDNAMES=" + s.unit("diastole.socket").one(s.t, "FileDescriptorName")}
	s.cmd.ExtraFiles, s.cmd.Stderr = []*os.File{s.port}, &s.log
	if err := s.space.Start(s.cmd); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.cmd.Process.Kill() }) // an error means that it has ended
	s.hears("READY=1")
}

func (s *service) hears(begin string) {
	s.t.Helper()
	b := make([]byte, 4096)
	if err := s.said.SetReadDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	for {
		n, err := s.said.Read(b)
		if err != nil {
			s.cmd.Process.Kill()
			s.cmd.Wait()
			s.t.Fatalf("waiting for %s: %v\n%s", begin, err, s.log.String())
		}
		if strings.HasPrefix(string(b[:n]), begin) {
			return
		}
	}
}

// stop ends it as systemd does.
func (s *service) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("it ended with %v\n%s", err, s.log.String())
	}
}

// ask sends a request from within its network.
func (s *service) ask(method, url string) (*http.Response, string) {
	s.t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return s.space.Dial(ctx, network, address)
	}, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(s.t.Context(), method, url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: transport, Timeout: patience}).Do(r)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.log.String())
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer, string(body)
}

// mailServer answers in the same network, and says in which versions it speaks.
func mailServer(t *testing.T, space *netns.Space) (url string) {
	t.Helper()
	l, err := space.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("MS-ASProtocolVersions", "14.1")
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "http://" + l.Addr().String()
}
