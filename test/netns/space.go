//go:build linux

package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// A Space is one network namespace: a machine of its own as far as the network
// is concerned.
type Space struct {
	file *os.File // holds the namespace; when it is closed, the kernel takes it down
}

// NewSpace makes a namespace with nothing in it but a loopback that is up.
func NewSpace() (*Space, error) {
	s := &Space{}
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("a new network namespace: %w (root needed)", err)
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		s.file = file
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, s.Run("ip", "link", "set", "lo", "up")
}

// Close lets the namespace go. It ends when the last socket in it is closed.
func (s *Space) Close() error { return s.file.Close() }

// Do runs f on a thread that is in the namespace. Sockets that f opens on its
// own goroutine stay in the namespace, whoever uses them later; processes that
// it starts run there.
func (s *Space) Do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering a network namespace: %w", err)
		}
		return f()
	})
}

// onThread runs f on a thread that ends with it: one that was in another
// namespace must never run anybody else's goroutine.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlock it
		err := errors.New("the function left its goroutine (a t.Fatal inside?)")
		defer func() { done <- err }()
		err = f()
	}()
	return <-done
}

// Dial connects from the namespace. The address is numeric: a name would be
// looked up by other threads, in another namespace.
func (s *Space) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	return s.dial(ctx, nil, network, address)
}

// DialFrom connects from one of the addresses that the namespace has.
func (s *Space) DialFrom(ctx context.Context, from netip.Addr, network, address string) (conn net.Conn, err error) {
	return s.dial(ctx, net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), network, address)
}

func (s *Space) dial(ctx context.Context, from net.Addr, network, address string) (conn net.Conn, err error) {
	err = s.Do(func() error {
		dialer := net.Dialer{LocalAddr: from, KeepAliveConfig: net.KeepAliveConfig{Enable: false}, KeepAlive: -1}
		conn, err = dialer.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen listens in the namespace, with TCP keep-alive off as diastole has it.
func (s *Space) Listen(address string) (listener net.Listener, err error) {
	err = s.Do(func() error {
		config := net.ListenConfig{KeepAlive: -1}
		listener, err = config.Listen(context.Background(), "tcp", address)
		return err
	})
	return listener, err
}

// Run runs a program in the namespace to its end.
func (s *Space) Run(name string, args ...string) error { return s.feed("", name, args...) }

// read runs a program in the namespace and gives what it prints.
func (s *Space) read(name string, args ...string) (out []byte, err error) {
	err = s.Do(func() error {
		out, err = exec.Command(name, args...).Output()
		return err
	})
	return out, err
}

// Start starts a program in the namespace: the whole of diastole, say.
func (s *Space) Start(cmd *exec.Cmd) error { return s.Do(cmd.Start) }

// Set writes a network setting ("net/ipv4/ip_forward").
func (s *Space) Set(name, value string) error {
	return s.Do(func() error {
		return os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0)
	})
}

func (s *Space) feed(input, name string, args ...string) error {
	return s.Do(func() error {
		cmd := exec.Command(name, args...)
		cmd.Stdin = strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
		}
		return nil
	})
}

// path names the namespace for programs that we start.
func (s *Space) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd()) }
