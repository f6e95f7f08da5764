package upstream

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what this process has used, in user and system mode.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// mute accepts and never answers. It is made of bare descriptors, so that nothing
// of it is in the figures.
func mute(b testing.TB, accept int) (addr string, accepted func() []int) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(fd, accept)
	}
	if err != nil {
		b.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		b.Fatal(err)
	}
	return fmt.Sprint("127.0.0.1:", name.(*unix.SockaddrInet4).Port), func() []int {
		fds := []int{fd}
		for range accept {
			c, _, err := unix.Accept(fd)
			if err != nil {
				b.Fatal(err)
			}
			fds = append(fds, c)
			// The request is there: the client waits for its answer.
			if _, _, err := unix.Recvfrom(c, make([]byte, 1), unix.MSG_PEEK); err != nil {
				b.Fatal(err)
			}
		}
		return fds
	}
}

// BenchmarkWait holds 2,000 exchanges that wait for their answer and reports what
// one of them costs: live heap and stacks, and goroutines, the caller's included.
func BenchmarkWait(b *testing.B) {
	const waits = 2000
	for name, client := range map[string]func(*testing.B, *server) roundTrip{
		"upstream":  func(b *testing.B, s *server) roundTrip { return ours(b, s.client(Config{})) },
		"transport": theirs,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				benchmarkWait(b, waits, client)
			}
		})
	}
}

func benchmarkWait(b *testing.B, waits int, client func(*testing.B, *server) roundTrip) {
	addr, accepted := mute(b, waits)
	post := client(b, &server{t: b, addr: addr})
	ctx, cancel := context.WithCancel(context.Background())
	body := []byte("thirteen byte")
	bytes, goroutines := inUse(), runtime.NumGoroutine()
	var wg sync.WaitGroup
	for range waits {
		wg.Go(func() {
			each, done := context.WithCancel(ctx)
			defer done()
			_ = post(each, body)
		})
	}
	fds := accepted()
	b.ReportMetric(float64(inUse()-bytes)/float64(waits), "B/wait")
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/float64(waits), "goroutines/wait")
	cancel()
	wg.Wait()
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// inUse is the live heap and the stacks.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what a sync.Pool held goes with the second one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
