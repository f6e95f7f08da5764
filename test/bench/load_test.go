package bench

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

var insecure = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}

const body = "\x03\x01\x6a\x00\x00\x0d\x45\x48\x03480\x00\x01\x49\x4a\x4b\x035\x00\x01\x4c\x03Email\x00\x01\x01\x01\x01"

// request is what a phone sends; each device has its own id.
func request(command string, device int) []byte {
	return fmt.Appendf(nil, "POST /Microsoft-Server-ActiveSync?Cmd=%s&User=u%d&DeviceId=dev%d&DeviceType=bench HTTP/1.1\r\n"+
		"Host: mail.example.test\r\nAuthorization: Basic dTpw\r\nMS-ASProtocolVersion: 14.1\r\nUser-Agent: bench/1\r\n"+
		"Content-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %d\r\n\r\n%s", command, device, device, len(body), body)
}

// cpuPerRequest sends small requests over 32 kept TLS connections and returns
// the microseconds of CPU, user and system, that one cost the proxy.
func (p *peer) cpuPerRequest(b *testing.B, requests int) float64 {
	const clients = 32
	p.each(b, clients, func(c *tls.Conn, i int) error { return converse(c, request("Settings", i), 20) }) // warm
	before := cpu(b, p.pids())
	p.each(b, clients, func(c *tls.Conn, i int) error { return converse(c, request("Settings", i), requests/clients) })
	return float64((cpu(b, p.pids()) - before).Microseconds()) / float64(requests/clients*clients)
}

// each runs a client per connection at once and waits for all.
func (p *peer) each(b *testing.B, clients int, run func(*tls.Conn, int) error) {
	b.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, clients)
	for i := range clients {
		wg.Go(func() {
			c, err := tls.Dial("tcp", p.addr, insecure)
			if err == nil {
				defer c.Close()
				err = run(c, i)
			}
			if err != nil {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		b.Fatalf("%s: %v", p.name, err)
	}
}

func converse(c *tls.Conn, request []byte, times int) error {
	br := bufio.NewReader(c)
	for range times {
		if _, err := c.Write(request); err != nil {
			return err
		}
		if err := readAnswer(br); err != nil {
			return err
		}
	}
	return nil
}

func readAnswer(br *bufio.Reader) error {
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil || res.StatusCode != 200 || n != 13 {
		return fmt.Errorf("status %d, %d bytes, %v", res.StatusCode, n, err)
	}
	return nil
}

// perWait is what one relayed wait costs a proxy.
type perWait struct{ kib, descriptors float64 }

// memoryPerWait holds Pings of many devices at once, each on its own TLS
// connection, and returns by how much the proxy has grown for each.
func (p *peer) memoryPerWait(b *testing.B, w *world, waits int) perWait {
	pss, files := memory(b, p.pids()), descriptors(b, p.pids())
	conns := make([]*tls.Conn, waits)
	p.open(b, conns)
	awaitHeld(b, w.backend, waits)
	time.Sleep(3 * time.Second) // garbage collection and pools come to rest
	grown := perWait{
		kib:         (memory(b, p.pids()) - pss) / float64(waits),
		descriptors: float64(descriptors(b, p.pids())-files) / float64(waits),
	}
	w.backend.answerAll()
	for _, c := range conns {
		if err := readAnswer(bufio.NewReaderSize(c, 512)); err != nil {
			b.Errorf("%s: a held wait was answered with: %v", p.name, err)
			break
		}
	}
	for _, c := range conns {
		c.Close()
	}
	return grown
}

// open connects and sends a Ping on each connection, 64 at a time.
func (p *peer) open(b *testing.B, conns []*tls.Conn) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 64)
	for i := range conns {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			c, err := tls.Dial("tcp", p.addr, insecure)
			if err == nil {
				_, err = c.Write(request("Ping", i))
			}
			if err != nil {
				b.Errorf("%s: %v", p.name, err)
				return
			}
			conns[i] = c
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

func awaitHeld(b *testing.B, s *backend, waits int) {
	for deadline := time.Now().Add(time.Minute); s.held.Load() < int64(waits); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("only %d of %d waits are held", s.held.Load(), waits)
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
