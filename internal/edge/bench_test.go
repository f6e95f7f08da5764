package edge

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// The clients run in a process of their own, this test binary again with
// loadEnv set to "kind address count", so that the CPU time measured is the
// server's alone.
const loadEnv = "EDGE_LOAD"

func loadClient(spec string) int {
	fields := strings.Fields(spec)
	n, err := strconv.Atoi(fields[2])
	if err == nil {
		err = map[string]func(string, int) error{"handshake": handshakes, "request": requests}[fields[0]](fields[1], n)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func handshakes(addr string, n int) error {
	for range n {
		c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			return err
		}
		c.Close()
	}
	return nil
}

func requests(addr string, n int) error {
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer c.Close()
	from := bufio.NewReader(c)
	for range n {
		if _, err := io.WriteString(c, "POST /Microsoft-Server-ActiveSync?Cmd=Ping HTTP/1.1\r\nHost: mail.example.com\r\nAuthorization: Basic dXNlcjpwYXNz\r\nContent-Length: 4\r\n\r\nping"); err != nil {
			return err
		}
		answer, err := http.ReadResponse(from, nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkFloor is what any request costs us before the proxy has done
// anything, and beside it what net/http alone would cost.
func BenchmarkFloor(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	for _, kind := range []string{"handshake", "request"} {
		b.Run(kind+"/edge", func(b *testing.B) {
			server, err := Listen(context.Background(), Config{Listen: "127.0.0.1:0", Handler: handler})
			if err != nil {
				b.Fatal(err)
			}
			go func() { _ = server.Serve() }()
			defer server.Close()
			load(b, kind, server.Addr())
		})
		b.Run(kind+"/net-http", func(b *testing.B) {
			certs, err := OpenCertificates(context.Background(), CertificatesConfig{})
			if err != nil {
				b.Fatal(err)
			}
			defer certs.Close()
			listener, err := tls.Listen("tcp", "127.0.0.1:0", certs.config(nil, nil).Config)
			if err != nil {
				b.Fatal(err)
			}
			server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
			go func() { _ = server.Serve(listener) }()
			defer server.Close()
			load(b, kind, listener.Addr())
		})
	}
}

// BenchmarkGiveBack is the cost of a request whose connection is taken over, answered
// by hand and given back; beside it the same request answered by http.Server.
func BenchmarkGiveBack(b *testing.B) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong"
	for kind, handler := range map[string]http.HandlerFunc{
		"handler": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "pong")
		},
		"park": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.WriteString(c, answer)
			c.(*guard).GiveBack(nil)
		},
	} {
		b.Run(kind, func(b *testing.B) {
			server, err := Listen(context.Background(), Config{Listen: "127.0.0.1:0", Handler: handler})
			if err != nil {
				b.Fatal(err)
			}
			go func() { _ = server.Serve() }()
			defer server.Close()
			b.ReportAllocs()
			load(b, "request", server.Addr())
		})
	}
}

// load runs the clients and reports the CPU time of this process.
func load(b *testing.B, kind string, addr net.Addr) {
	client := exec.Command(os.Args[0])
	client.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", loadEnv, kind, addr, b.N))
	client.Stderr = os.Stderr
	before := cpu(b)
	if err := client.Run(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func cpu(b *testing.B) time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func TestMain(m *testing.M) {
	if spec := os.Getenv(loadEnv); spec != "" {
		os.Exit(loadClient(spec))
	}
	goleak.VerifyTestMain(m)
}
