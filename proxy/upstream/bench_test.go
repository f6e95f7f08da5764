package upstream

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func fastServer(b *testing.B) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
					c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: today\r\nServer: x\r\nContent-Length: 11\r\n\r\nhello world"))
				}
			}()
		}
	}()
	return ln.Addr().String()
}

func BenchmarkPost(b *testing.B) {
	addr := fastServer(b)
	body := []byte("thirteen byte")
	b.Run("upstream", func(b *testing.B) {
		b.ReportAllocs()
		c := New(Config{Address: addr})
		defer c.Close()
		c.idle.keeps = true
		began := cpuTime()
		for b.Loop() {
			ctx, cancel := context.WithCancel(context.Background())
			x, err := c.Do(ctx, &Request{Method: "POST", Target: "/x", Host: "h", Header: http.Header{"Content-Length": {"13"}, "User-Agent": {"x"}}, Bytes: body})
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, x.Body)
			x.Close()
			cancel()
		}
		b.ReportMetric(float64(cpuTime()-began)/float64(b.N), "cpu-ns/op")
	})
	b.Run("transport", func(b *testing.B) {
		b.ReportAllocs()
		tr := &http.Transport{}
		defer tr.CloseIdleConnections()
		began := cpuTime()
		for b.Loop() {
			ctx, cancel := context.WithCancel(context.Background())
			r, _ := http.NewRequestWithContext(ctx, "POST", "http://"+addr+"/x", bytes.NewReader(body))
			x, err := tr.RoundTrip(r)
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, x.Body)
			x.Body.Close()
			cancel()
		}
		b.ReportMetric(float64(cpuTime()-began)/float64(b.N), "cpu-ns/op")
	})
}
