package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal makes a pseudo terminal: what is written to the second comes out
// of the first.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		screen.Close()
		t.Skipf("no terminals here: %v", err)
	}
	return screen, terminal
}

// display collects what a terminal shows.
type display struct {
	mu    sync.Mutex
	grown *sync.Cond
	text  bytes.Buffer
	ended bool
}

func (d *display) watch(screen *os.File) {
	buffer := make([]byte, 4096)
	for {
		n, err := screen.Read(buffer) // EIO when the last process has left the terminal
		d.mu.Lock()
		d.text.Write(bytes.ReplaceAll(buffer[:n], []byte("\r\n"), []byte("\n")))
		d.ended = err != nil
		d.mu.Unlock()
		d.grown.Broadcast()
		if err != nil {
			return
		}
	}
}

// await returns all that was shown once it contains a part, or at the end.
func (d *display) await(part string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.ended && !strings.Contains(d.text.String(), part) {
		d.grown.Wait()
	}
	return d.text.String()
}

// onTerminal runs the program with its output on a terminal that has colours.
func onTerminal(t *testing.T, args ...string) (*exec.Cmd, *display) {
	t.Helper()
	screen, terminal := openTerminal(t)
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = terminal, terminal
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	d := &display{}
	d.grown = sync.NewCond(&d.mu)
	watched := make(chan struct{})
	go func() { defer close(watched); d.watch(screen) }()
	t.Cleanup(func() {
		cmd.Process.Kill() // an error means that it has ended
		cmd.Wait()
		<-watched
		screen.Close()
	})
	return cmd, d
}

func TestAPersonAtATerminalGetsASummaryAndLinesToRead(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	cmd, d := onTerminal(t, "serve", "--upstream", server.URL, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	shown := d.await("the upstream can be reached")
	want := regexp.MustCompile(`(?m)^diastole v9\.8\.7-test
  phones       https://127\.0\.0\.1:\d+/
  certificate  self-signed, made at this start: phones refuse it until tls\.cert and tls\.key, tls\.pfx or tls\.acme are set
  upstream     ` + regexp.QuoteMeta(server.URL) + `
  waits        at the server \(hold: pass\)
  admin        http://127\.0\.0\.1:\d+/
  to stop      Ctrl-C: held waits are answered within 25s; a second one stops at once
$`)
	if !want.MatchString(shown) {
		t.Errorf("no summary in:\n%s", shown)
	}
	if strings.Contains(shown, `{"level"`) || !strings.Contains(shown, "\tINFO\tadmin\tlistening\t") {
		t.Errorf("no lines for people in:\n%s", shown)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	d.await("drained")
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

// The terminal has gone, and nobody is there any more to stop us.
func TestAtATerminalSIGHUPIsTheEnd(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	cmd, d := onTerminal(t, "serve", "--config", configFile(t, server.URL, ""))
	d.await("the upstream can be reached")
	if err := cmd.Process.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	d.await("drained")
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGHUP: %v", err)
	}
}

func TestTheSummaryNamesTheCertificateAndItsEnd(t *testing.T) {
	file := configFile(t, "http://127.0.0.1:1", "admin: {listen: off}\ntls: {cert: CERT/cert.pem, key: CERT/key.pem}\n")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	working, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	files := working + "/../../internal/config/testdata/files"
	if err := os.WriteFile(file, bytes.ReplaceAll(text, []byte("CERT"), []byte(files)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, d := onTerminal(t, "serve", "--config", file)
	shown := d.await("cannot be reached")
	if !regexp.MustCompile(`(?m)^  certificate  mail\.example\.com until 2\d{3}-\d\d-\d\d$`).MatchString(shown) || !strings.Contains(shown, "\n  admin        none\n") {
		t.Errorf("got:\n%s", shown)
	}
}

func TestAtATerminalAFailedStartIsOneSentence(t *testing.T) {
	cmd, d := onTerminal(t, "serve", "--upstream", "http://127.0.0.1:1", "--listen", "192.0.2.1:1", "--admin", "off")
	shown := d.await("\ndiastole: ")
	if !strings.Contains(shown, "\ndiastole: edge: listen tcp 192.0.2.1:1: bind: cannot assign requested address\n") || strings.Contains(shown, "stopped") {
		t.Errorf("got:\n%s", shown)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != exitError {
		t.Errorf("exit %v", err)
	}
}
