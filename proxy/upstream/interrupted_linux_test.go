package upstream

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// poll(2) says EINTR to a signal even if it would not have waited, and Go's
// runtime sends signals to its own threads (SIGURG, to preempt): a pin would be
// lost, and its client's connection with it, for no reason of the server's.
func TestSignalIsNoNewsOfTheServer(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var over atomic.Bool
	ended := make(chan bool)
	thread := unix.Gettid()
	go func() {
		defer close(ended)
		for !over.Load() {
			_ = unix.Tgkill(unix.Getpid(), thread, syscall.SIGURG)
		}
	}()
	for range 20_000 {
		if hasNews(uintptr(fds[0])) {
			t.Error("a quiet socket has news")
			break
		}
	}
	over.Store(true)
	<-ended
}
