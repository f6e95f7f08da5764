package bench

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// answer is a Ping's Status 1: what most answers of an ActiveSync server are.
const answer = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: 13\r\n\r\n" +
	"\x03\x01\x6a\x00\x00\x0d\x45\x47\x03\x31\x00\x01\x01"

// backend answers at once, or holds what is a Ping until release.
type backend struct {
	net.Listener
	held    atomic.Int64
	mu      sync.Mutex
	release chan struct{}
}

func startBackend(b *testing.B) *backend {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &backend{Listener: l, release: make(chan struct{})}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

func (s *backend) serve(c net.Conn) {
	defer c.Close()
	br := bufio.NewReaderSize(c, 1024)
	for {
		r, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.Contains(r.URL.RawQuery, "Cmd=Ping") {
			s.held.Add(1)
			<-s.gate()
			s.held.Add(-1)
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

func (s *backend) gate() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.release
}

// answerAll lets every held Ping go.
func (s *backend) answerAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.release)
	s.release = make(chan struct{})
}
