package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// server is the test bed of this run, with a user for each test, so that no test
// sees the mail of another; tests run at once, and so many workers are held.
var server *bed

var usual = size{users: 32, workers: 40}

// further are test beds that some tests share and that are purged at the end. They
// are made by tests that run one after the other.
var further []*bed

// TestMain brings up SOGo for all tests. Where it cannot, that is a failure on
// CI and a sentence elsewhere.
func TestMain(m *testing.M) {
	flag.Parse()
	// These tests wait for servers, not for the processor: all at once.
	if err := flag.Set("test.parallel", "32"); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if why := unable(); why != "" {
		fmt.Fprintln(os.Stderr, "e2e: not run:", why)
		if os.Getenv("CI") == "true" {
			return 1
		}
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	bed, err := startBed(ctx, "", usual)
	// A signal must not hinder the cleaning up, so not under ctx.
	defer func() {
		for _, b := range append(further, bed) {
			if err := b.purge(context.Background()); err != nil {
				fmt.Fprintln(os.Stderr, "e2e:", err)
			}
		}
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	server = bed
	done := make(chan int, 1)
	go func() { done <- m.Run() }()
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
		return 1
	}
}

// unable says why these tests cannot run here and what to do, "" if they can.
func unable() string {
	if testing.Short() {
		return "left out with -short"
	}
	if runtime.GOOS != "linux" {
		return "the test bed is made of Debian packages: run it on Debian 12"
	}
	if os.Getuid() != 0 {
		return "the test bed starts daemons under their own users: run as root"
	}
	out, err := exec.Command(sogo, "missing").Output()
	if err != nil {
		return fmt.Sprintf("%s missing: %v", sogo, err)
	}
	if missing := strings.Fields(string(out)); len(missing) > 0 {
		return fmt.Sprintf("not installed: %s: run `make deps`", strings.Join(missing, " "))
	}
	return ""
}
