package bench

import (
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// partVariable tells a process of ours which part it plays.
const partVariable = "BENCH_PART"

// none is for calls without arguments or without a reply; net/rpc wants one.
type none = struct{}

// part is a process of ours: the mail server or the phones. They are processes
// of their own because 8,000 phones that come back while the server still has
// 8,000 old connections are more descriptors than one process may have, and
// because the garbage of one should not pause the other. It is called through
// its standard input and output, and ends when they are closed.
type part struct {
	name  string
	calls *rpc.Client
	cmd   *exec.Cmd
}

func startPart(name string) (*part, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), partVariable+"="+name)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &part{name, rpc.NewClient(pipes{out, in}), cmd}, nil
}

// do calls a method of the part and waits for its reply.
func (p *part) do(method string, args, reply any) error {
	if err := p.calls.Call(p.name+"."+method, args, reply); err != nil {
		return fmt.Errorf("%s.%s: %w", p.name, method, err)
	}
	return nil
}

func (p *part) stop() {
	_ = p.calls.Close()
	_ = p.cmd.Wait()
}

// runPart is the process itself.
func runPart(name string) error {
	server := rpc.NewServer()
	if err := server.RegisterName("Server", newServer()); err != nil {
		return err
	}
	if err := server.RegisterName("Phones", &Phones{}); err != nil {
		return err
	}
	server.ServeConn(pipes{os.Stdin, os.Stdout})
	return nil
}

// pipes are two one-way streams as one two-way stream.
type pipes struct {
	io.ReadCloser
	io.WriteCloser
}

func (p pipes) Close() error { return errors.Join(p.WriteCloser.Close(), p.ReadCloser.Close()) }

// now is the machine's monotonic clock in nanoseconds: the same for all
// processes, where time.Time's monotonic reading is one process's own.
func now() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err) // clock_gettime(2): only for a clock that does not exist
	}
	return t.Nano()
}
