package upstream

import (
	"context"
	"crypto/tls"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// ping is a Ping as a phone sends it, with the headers that phones send.
func ping() *Request {
	r := post(strings.Repeat("p", 60))
	r.Repeatable = true
	r.Target = "/Microsoft-Server-ActiveSync?Cmd=Ping&User=someone@example.com&DeviceId=0123456789ABCDEF0123456789ABCDEF&DeviceType=SmartPhone"
	for name, value := range map[string]string{
		"Authorization": "Basic c29tZW9uZUBleGFtcGxlLmNvbTpjb3JyZWN0IGhvcnNl", "User-Agent": "Android-Mail/2026.05.12",
		"Content-Type": "application/vnd.ms-sync.wbxml", "MS-ASProtocolVersion": "14.1", "X-MS-PolicyKey": "1234567890", "Accept-Encoding": "gzip",
	} {
		r.Header[name] = []string{value}
	}
	return r
}

// BenchmarkPending holds 8,000 started requests and reports what one of them costs:
// live heap and stacks, without the kernel's part. Each can be cancelled by itself:
// with a Leash or with a context of the standard library, which is in the figure.
func BenchmarkPending(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(costOfPending(b, 8000, leash), "B/leash")
		b.ReportMetric(costOfPending(b, 8000, context.WithCancelCause), "B/context")
		b.ReportMetric(costOfTLSPending(b, 1000), "B/TLS")
	}
}

func leash(context.Context) (context.Context, context.CancelCauseFunc) {
	l := new(Leash)
	return l, l.Cancel
}

// The request is garbage as soon as it is out, where nothing can ask for it again.
func TestPendingIsSmallAndRunsNothing(t *testing.T) {
	if cost := costOfPending(t, 500, leash); cost > 1024 {
		t.Errorf("%.0f bytes for one", cost)
	}
}

func costOfPending(t testing.TB, waits int, bind func(context.Context) (context.Context, context.CancelCauseFunc)) float64 {
	addr, accepted := mute(t, waits)
	c := New(Config{Address: addr})
	pending, cancels, fds := make([]*Pending, waits), make([]context.CancelCauseFunc, waits), make(chan []int)
	go func() { fds <- accepted() }() // beside the dialling: the kernel's queue is shorter than this
	bytes, goroutines := inUse(), runtime.NumGoroutine()
	for i := range pending {
		ctx, cancel := bind(context.Background())
		p, err := c.Start(ctx, ping())
		if err != nil {
			t.Fatal(err)
		}
		pending[i], cancels[i] = p, cancel
	}
	open := <-fds
	cost := float64(inUse()-bytes) / float64(waits)
	if more := runtime.NumGoroutine() - goroutines; more > 0 {
		t.Errorf("%d goroutines", more)
	}
	for i, p := range pending {
		cancels[i](errPhoneLeft)
		if _, err := p.Answer(); err == nil {
			t.Fatal("answered by nobody")
		}
	}
	for _, fd := range open {
		unix.Close(fd)
	}
	return cost
}

// costOfTLSPending: the server's half forgets each connection after the request and
// keeps only its descriptor, so that nothing of it is in the figure.
func costOfTLSPending(t testing.TB, waits int) float64 {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	served := make(chan int)
	go func() {
		for range waits {
			served <- acceptAndForget(ln, config)
		}
	}()
	c := (&server{t: t, addr: ln.Addr().String()}).tlsClient(Config{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pending, fds := make([]*Pending, waits), make([]int, waits)
	bytes := inUse()
	for i := range pending {
		if pending[i], err = c.Start(ctx, ping()); err != nil {
			t.Fatal(err)
		}
		fds[i] = <-served
	}
	cost := float64(inUse()-bytes) / float64(waits)
	cancel()
	for i, p := range pending {
		_, _ = p.Answer()
		unix.Close(fds[i])
	}
	return cost
}

// acceptAndForget reads one request and returns a copy of its connection's
// descriptor: closing the original then says nothing to the client.
func acceptAndForget(ln net.Listener, config *tls.Config) (fd int) {
	socket, err := ln.Accept()
	if err != nil {
		return -1
	}
	defer socket.Close()
	if _, err := tls.Server(socket, config).Read(make([]byte, 4096)); err != nil {
		return -1
	}
	raw, err := socket.(syscall.Conn).SyscallConn()
	if err != nil {
		return -1
	}
	_ = raw.Control(func(s uintptr) { fd, err = unix.Dup(int(s)) })
	return fd
}
