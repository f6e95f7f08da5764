package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"
)

// roundTrip does one small POST to its end.
type roundTrip func(ctx context.Context, body []byte) error

// acquainted returns a client that knows that s keeps connections: what is
// measured is not the first half second.
func acquainted(b *testing.B, s *server) *Client {
	c := s.client(Config{})
	must(b, c, get())
	must(b, c, get())
	return c
}

// ours and theirs are the two clients that are compared, with the same request.
func ours(b *testing.B, c *Client) roundTrip {
	header := http.Header{"Content-Length": {"13"}, "User-Agent": {"phone/1.0"}, "Authorization": {"Basic dTpw"}}
	return func(ctx context.Context, body []byte) error {
		x, err := c.Do(ctx, &Request{
			Method: "POST", Target: "/Microsoft-Server-ActiveSync?Cmd=Ping", Host: "server.test", Header: header, Bytes: body,
		})
		if err != nil {
			return err
		}
		defer x.Close()
		_, err = io.Copy(io.Discard, x.Body)
		return err
	}
}

func theirs(b *testing.B, s *server) roundTrip {
	transport, url := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 256}, "http://"+s.addr
	if s.tls != nil {
		pool := x509.NewCertPool()
		pool.AddCert(certificate().Leaf)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, ServerName: "server.test"}
		url = "https://" + s.addr
	}
	b.Cleanup(transport.CloseIdleConnections)
	header := http.Header{"User-Agent": {"phone/1.0"}, "Authorization": {"Basic dTpw"}}
	return func(ctx context.Context, body []byte) error {
		r, err := http.NewRequestWithContext(ctx, "POST", url+"/Microsoft-Server-ActiveSync?Cmd=Ping", bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header = header
		x, err := transport.RoundTrip(r)
		if err != nil {
			return err
		}
		defer x.Body.Close()
		_, err = io.Copy(io.Discard, x.Body)
		return err
	}
}

// BenchmarkPost is one small POST on a kept connection. cpu-ns/op has the server
// in it, the same one for both clients.
func BenchmarkPost(b *testing.B) {
	answer := []byte(strings.ReplaceAll("HTTP/1.1 200 OK\nDate: Sat, 21 Nov 2026 23:44:39 GMT\nServer: bench\nContent-Type: application/vnd.ms-sync.wbxml\n"+
		"MS-Server-ActiveSync: 14.1\nCache-Control: private\nContent-Length: 13\n\nthirteen byte", "\n", "\r\n"))
	parrot := func(p *peer) { // spends nothing on reading the request
		for b := make([]byte, 4096); ; {
			if _, err := p.Read(b); err != nil {
				return
			}
			_, _ = p.Write(answer)
		}
	}
	for _, listen := range []struct {
		name  string
		serve func(testing.TB, func(*peer)) *server
	}{{"TCP", serve}, {"TLS", serveTLS}} {
		for _, client := range []struct {
			name string
			make func(*testing.B, *server) roundTrip
		}{{"upstream", func(b *testing.B, s *server) roundTrip { return ours(b, acquainted(b, s)) }}, {"transport", theirs}} {
			b.Run(listen.name+"/"+client.name, func(b *testing.B) {
				benchmarkPost(b, client.make(b, listen.serve(b, parrot)))
			})
		}
	}
}

func benchmarkPost(b *testing.B, post roundTrip) {
	b.ReportAllocs()
	body := []byte("thirteen byte")
	began := cpuTime()
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background()) // as net/http's server gives one
		if err := post(ctx, body); err != nil {
			b.Fatal(err)
		}
		cancel()
	}
	b.ReportMetric(float64(cpuTime()-began)/float64(b.N), "cpu-ns/op")
}
