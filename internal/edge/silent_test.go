package edge

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSilentHold is the law of design.md section 1: between a request and its
// answer not one segment goes to the phone. It asks the kernel on the phone's
// side of a real connection. 40 s hold two of the probes that Go's default
// keep-alive would send.
func TestSilentHold(t *testing.T) {
	if testing.Short() {
		t.Skip("holds a wait for 40 s")
	}
	for _, proto := range []string{"http/1.1", "h2"} {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			held, release := make(chan struct{}), make(chan struct{})
			l := start(t, func(cfg *Config) {
				cfg.ALPN = []string{proto}
				cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/wait" {
						close(held)
						<-release
					}
					_, _ = io.WriteString(w, "answer")
				})
			})
			phone := newPhone(t, proto, l.Addr().String())
			phone.get("/first") // with it the TLS tickets and HTTP/2's settings are over
			answered := make(chan string, 1)
			go func() { answered <- phone.get("/wait") }()
			<-held
			before := phone.settled()
			<-time.After(40 * time.Second)
			if got := phone.info().Segs_in; got != before {
				t.Errorf("%d segments came to the phone while it waited", got-before)
			}
			close(release)
			if body := <-answered; body != "answer" {
				t.Errorf("the wait was answered %q", body)
			}
			if got := phone.info().Segs_in; got == before {
				t.Error("the answer was not counted either: the test is blind")
			}
		})
	}
}

// phone is a client with one connection whose kernel state can be read.
type phone struct {
	t      *testing.T
	url    string
	client *http.Client
	conn   net.Conn
}

func newPhone(t *testing.T, proto, addr string) *phone {
	p := &phone{t: t, url: "https://" + addr}
	var protos http.Protocols
	protos.SetHTTP1(proto == "http/1.1")
	protos.SetHTTP2(proto == "h2")
	// Keep-alive of the phone's own would be answered by segments of ours.
	dialer := &net.Dialer{KeepAlive: -1}
	transport := &http.Transport{Protocols: &protos, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
			if p.conn != nil {
				t.Error("the phone opened a second connection")
			}
			p.conn, err = dialer.DialContext(ctx, network, addr)
			return p.conn, err
		}}
	p.client = &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	return p
}

func (p *phone) get(path string) string {
	answer, err := p.client.Get(p.url + path)
	if err != nil {
		p.t.Errorf("%s: %v", path, err)
		return ""
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Errorf("%s: %v", path, err)
	}
	return string(body)
}

// settled waits until the request itself is acknowledged, which the server's
// kernel may put off for 40 ms, and returns the segments received by then.
func (p *phone) settled() uint32 {
	for {
		if info := p.info(); info.Unacked == 0 {
			return info.Segs_in
		}
		<-time.After(time.Millisecond)
	}
}

func (p *phone) info() (info *unix.TCPInfo) {
	raw, err := p.conn.(syscall.Conn).SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	if ctl := raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) }); ctl != nil || err != nil {
		p.t.Fatal(ctl, err)
	}
	return info
}
