package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/said"
)

// patience is how long a test waits for something that comes at once unless it
// never comes.
const patience = 30 * time.Second

// outcome is what a command that ends by itself has said.
type outcome struct {
	code     int
	out, err string
}

// runProgram runs the binary to its end.
func runProgram(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, err bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &err
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), err.String()}
}

func (o outcome) is(t *testing.T, want outcome) {
	t.Helper()
	if o != want {
		t.Errorf("exit code %d, want %d\nstdout:\n%swant:\n%sstderr:\n%swant:\n%s", o.code, want.code, o.out, want.out, o.err, want.err)
	}
}

// line is one JSON object of the log.
type line map[string]any

func (l line) text(field string) string {
	s, _ := l[field].(string)
	return s
}

// process is a running `diastole serve`.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	mu      sync.Mutex
	grown   *sync.Cond // a line came, or the log ended
	kept    io.Writer  // the log, for make private
	page    sync.Once  // of metrics, likewise
	lines   []line
	notJSON []string
	ended   bool
}

// start runs serve with standard error as a pipe, which is no terminal.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startCommand(t, exec.Command(program, append([]string{"serve"}, args...)...))
}

func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, kept: said.File(t, said.LogLines)}
	p.grown = sync.NewCond(&p.mu)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(pipe); s.Scan(); {
			p.add(s.Text())
		}
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
		p.grown.Broadcast()
	}()
	t.Cleanup(func() {
		p.keepMetrics()
		cmd.Process.Kill() // an error means that it has ended
		<-read
		cmd.Wait()
		if t.Failed() {
			for _, l := range p.lines {
				t.Logf("log: %v", l)
			}
		}
		for _, text := range p.notJSON {
			t.Errorf("a line of the log is not JSON: %s", text)
		}
	})
	return p
}

func (p *process) add(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.grown.Broadcast()
	fmt.Fprintln(p.kept, text)
	var l line
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		p.notJSON = append(p.notJSON, text)
		return
	}
	p.lines = append(p.lines, l)
}

// await returns the n-th line of the log with this message.
func (p *process) await(n int, logger, message string) line {
	p.t.Helper()
	late := time.AfterFunc(patience, func() {
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
		p.grown.Broadcast()
	})
	defer late.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		seen := 0
		for _, l := range p.lines {
			if l.text("msg") == message && l.text("logger") == logger {
				if seen++; seen == n {
					return l
				}
			}
		}
		if p.ended {
			p.t.Fatalf("%d times %q of %q in the log, want %d; all of it: %v %v", seen, message, logger, n, p.lines, p.notJSON)
		}
		p.grown.Wait()
	}
}

// none fails if there is such a line by now.
func (p *process) none(logger, message string) {
	p.t.Helper()
	if n := p.count(logger, message); n > 0 {
		p.t.Errorf("%d times %q of %q in the log", n, message, logger)
	}
}

// count tells how many such lines there are by now.
func (p *process) count(logger, message string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		if l.text("msg") == message && l.text("logger") == logger {
			n++
		}
	}
	return n
}

// address is where one of the two listeners is.
func (p *process) address(logger string) string {
	p.t.Helper()
	return p.await(1, logger, "listening").text("address")
}

// keepMetrics keeps what /metrics says before the process ends, if it can still be asked.
func (p *process) keepMetrics() {
	p.page.Do(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, l := range p.lines {
			if l.text("msg") == "listening" && l.text("logger") == "admin" && !p.ended {
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
				if answer, err := client.Get("http://" + l.text("address") + "/metrics"); err == nil {
					io.Copy(said.File(p.t, said.Page), answer.Body)
					answer.Body.Close()
				}
			}
		}
	})
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if s != syscall.SIGHUP {
		p.keepMetrics()
	}
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// exit waits for the end of the process and checks its code.
func (p *process) exit(want int) {
	p.t.Helper()
	p.mu.Lock()
	for !p.ended {
		p.grown.Wait()
	}
	p.mu.Unlock()
	if err := p.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		p.t.Fatal(err)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		p.t.Errorf("exit code %d, want %d", got, want)
	}
}
