package upstream

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a real listener whose answers are written by hand, byte for byte.
type server struct {
	t    testing.TB
	ln   net.Listener
	addr string
	tls  *tls.Config
	wg   sync.WaitGroup
	mu   sync.Mutex
	open map[net.Conn]bool
	seen int
}

// peer is one connection as its server sees it.
type peer struct {
	net.Conn
	socket *net.TCPConn
	in     *bufio.Reader
	number int // of the connection, from 1
	t      testing.TB
}

// serve runs script for each connection and closes it afterwards.
func serve(t testing.TB, script func(p *peer)) *server { return listen(t, nil, script) }

func serveTLS(t testing.TB, script func(p *peer)) *server {
	return listen(t, &tls.Config{Certificates: []tls.Certificate{certificate()}}, script)
}

// both runs a test over plain TCP and over TLS.
func both(t *testing.T, test func(t *testing.T, serve func(testing.TB, func(*peer)) *server)) {
	t.Run("TCP", func(t *testing.T) { test(t, serve) })
	t.Run("TLS", func(t *testing.T) { test(t, serveTLS) })
}

func listen(t testing.TB, secure *tls.Config, script func(p *peer)) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, ln: ln, addr: ln.Addr().String(), tls: secure, open: map[net.Conn]bool{}}
	s.wg.Go(func() { s.accept(script) })
	t.Cleanup(s.stop)
	return s
}

func (s *server) accept(script func(p *peer)) {
	for {
		raw, err := s.ln.Accept()
		if err != nil {
			return
		}
		p := &peer{Conn: raw, socket: raw.(*net.TCPConn), t: s.t}
		if s.tls != nil {
			p.Conn = tls.Server(raw, s.tls)
		}
		p.in = bufio.NewReader(p.Conn)
		s.mu.Lock()
		s.seen++
		p.number = s.seen
		s.open[raw] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			script(p)
			p.Close()
			s.mu.Lock()
			delete(s.open, raw)
			s.mu.Unlock()
		})
	}
}

// connections returns how many have been accepted so far.
func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *server) stop() {
	s.ln.Close()
	s.mu.Lock()
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// client returns a client of s that is closed with the test.
func (s *server) client(c Config) *Client {
	if s.tls != nil {
		return s.tlsClient(c)
	}
	c.Address = s.addr
	client := New(c)
	s.t.Cleanup(client.Close)
	return client
}

// tlsClient speaks TLS, whatever the server does.
func (s *server) tlsClient(c Config) *Client {
	pool := x509.NewCertPool()
	pool.AddCert(certificate().Leaf)
	c.Address, c.TLS = s.addr, &tls.Config{RootCAs: pool, ServerName: "server.test"}
	client := New(c)
	s.t.Cleanup(client.Close)
	return client
}

// say writes what the server says; \n stands for CRLF.
func (p *peer) say(text string) {
	_, _ = io.WriteString(p.Conn, strings.ReplaceAll(text, "\n", "\r\n"))
}

// request reads one whole request; nil: the client has closed.
func (p *peer) request() *http.Request {
	r, err := http.ReadRequest(p.in)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return r
}

// head reads a request's head as it is on the wire; "": the client has closed.
func (p *peer) head() string {
	var b strings.Builder
	for !strings.HasSuffix(b.String(), "\r\n\r\n") {
		line, err := p.in.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			return ""
		}
	}
	return b.String()
}

// rest reads until the client has closed.
func (p *peer) rest() string {
	b, _ := io.ReadAll(p.in)
	return string(b)
}

// reset closes with a RST.
func (p *peer) reset() {
	_ = p.socket.SetLinger(0)
	p.socket.Close()
}

const ok = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"

// keepAnswering answers each request with text.
func keepAnswering(text string) func(p *peer) {
	return func(p *peer) {
		for p.request() != nil {
			p.say(text)
		}
	}
}

func get() *Request {
	return &Request{Method: "GET", Target: "/", Host: "server.test", Repeatable: true}
}

func post(body string) *Request {
	return &Request{
		Method: "POST", Target: "/", Host: "server.test", Bytes: []byte(body),
		Header: http.Header{"Content-Length": {strconv.Itoa(len(body))}},
	}
}

// must does one exchange to its end and returns the body.
func must(t testing.TB, c *Client, r *Request) (*Response, string) {
	t.Helper()
	x, err := c.Do(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return x, finish(t, x)
}

func finish(t testing.TB, x *Response) string {
	t.Helper()
	defer x.Close()
	body, err := io.ReadAll(x.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// until waits for an event of another goroutine or of the kernel.
func until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never happened: " + what)
		}
	}
}

// certificate is made once: the key is not what is tested.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"server.test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
})
