package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// enough descriptors for a crowd: two for each wait, and some.
const enoughFiles = 20_000

// startWithFiles runs serve under a limit of open files that does not hang on the
// machine's.
func startWithFiles(t *testing.T, config string) *process {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max < enoughFiles {
		t.Skipf("the hard limit of open files is %d, %d are needed: raise it (ulimit -Hn)", limit.Max, enoughFiles)
	}
	script := fmt.Sprintf(`ulimit -n %d && exec "$0" serve --config "$1"`, enoughFiles)
	return startCommand(t, exec.Command("sh", "-c", script, program, config))
}

// A holder is a mail server that holds each Ping until it is closed and answers
// everything else at once. A wait that it holds has no goroutine: the race detector
// allows 8128 of them, and the crowd needs most.
type holder struct {
	net.Listener
	pings chan struct{} // one for each that has arrived
	mu    sync.Mutex
	conns []net.Conn
}

func newHolder(t *testing.T) *holder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &holder{Listener: l, pings: make(chan struct{}, enoughFiles)}
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			h.mu.Lock()
			h.conns = append(h.conns, conn)
			h.mu.Unlock()
			go h.serve(conn)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, conn := range h.conns {
			conn.Close()
		}
	})
	return h
}

func (h *holder) url() string { return "http://" + h.Addr().String() }

func (h *holder) serve(conn net.Conn) {
	in := bufio.NewReaderSize(conn, 1024)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return // the other side has closed; Cleanup does for us
		}
		io.Copy(io.Discard, r.Body)
		if strings.Contains(r.URL.RawQuery, "Cmd=Ping") {
			h.pings <- struct{}{}
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}
}

// await waits until so many Pings more are held.
func (h *holder) await(t *testing.T, n int) {
	t.Helper()
	late := time.After(2 * patience)
	for i := range n {
		select {
		case <-h.pings:
		case <-late:
			t.Fatalf("only %d of %d Pings have arrived", i, n)
		}
	}
}

// A farewell is what one of the crowd got: its answer, when it came, and how the
// connection ended after it (io.EOF: in good order).
type farewell struct {
	reply
	at  time.Time
	end error
}

// A crowd is many phones, each with a Ping held on a connection of its own.
type crowd []*tls.Conn

// newCrowd lets n phones ask, each with a device of its own. Those that are eager
// send a next request while their Ping is held.
func newCrowd(t *testing.T, address string, n int, eager func(int) bool) crowd {
	t.Helper()
	// Sessions that are taken up again, as phones do: a handshake with a signature costs
	// milliseconds under the race detector. TLS 1.2, for 1.3 sends its tickets when the
	// handshake is over, and nobody reads here before the answer comes.
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
				_, err = io.WriteString(conn, crowdPing(i))
			}
			if err == nil && eager(i) {
				_, err = io.WriteString(conn, nextRequest(i))
			}
			errs <- err
		}()
	}
	for range c {
		if err := <-errs; err != nil {
			t.Fatalf("one of the crowd: %v", err)
		}
	}
	return c
}

// nextRequest is what an eager phone sends: most a small request, some a mail of
// which more is still to come.
func nextRequest(i int) string {
	if i%100 != 50 {
		return "OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"
	}
	return "POST /Microsoft-Server-ActiveSync?Cmd=SendMail HTTP/1.1\r\nHost: mail.example.com\r\nContent-Length: 10000000\r\n\r\n" +
		strings.Repeat("x", 64<<10)
}

func crowdPing(i int) string {
	return fmt.Sprintf("POST /Microsoft-Server-ActiveSync?Cmd=Ping&User=u%d&DeviceId=dev%d&DeviceType=crowd HTTP/1.1\r\n"+
		"Host: mail.example.com\r\nAuthorization: Basic dTpw\r\nMS-ASProtocolVersion: 14.1\r\n"+
		"Content-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %d\r\n\r\n%s", i, i, len(pingBody), pingBody)
}

// farewells reads what everybody gets, to the end of the connections.
func (c crowd) farewells() <-chan farewell {
	all := make(chan farewell, len(c))
	for _, conn := range c {
		go func() { all <- readFarewell(conn) }()
	}
	return all
}

func readFarewell(conn *tls.Conn) (f farewell) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 512)
	resp, err := http.ReadResponse(in, nil)
	f.at = time.Now()
	if err != nil {
		f.err = err
		return f
	}
	body, err := io.ReadAll(resp.Body)
	f.reply = reply{resp.StatusCode, string(body), resp.Header, err}
	rest, err := io.Copy(io.Discard, in)
	if err == nil {
		f.end = io.EOF
	} else {
		f.end = err
	}
	if rest > 0 {
		f.end = errors.Join(f.end, fmt.Errorf("%d bytes after the answer", rest))
	}
	return f
}
