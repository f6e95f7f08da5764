package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	"golang.org/x/sys/unix"

	"github.com/diastole/diastole/internal/config"
)

// A process that reloads, drains and is assembled again for years must not keep a
// socket of any of it. The whole program runs in this process here, so that
// /proc/self/fd shows what it leaves.
func TestAWholeLifeLeavesNoDescriptorAndNoGoroutine(t *testing.T) {
	t.Run("what the runtime opens once and keeps", liveWhole)
	before, running := openFiles(t), goleak.IgnoreCurrent()
	for range 2 {
		t.Run("life", liveWhole)
	}
	// Sockets of this test's own phones are closed by goroutines that are still at it.
	tick, late := time.NewTicker(10*time.Millisecond), time.After(patience)
	defer tick.Stop()
	after := openFiles(t)
	for ; len(after) != len(before); after = openFiles(t) {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("open before:\n%q\nand after:\n%q", before, after)
		}
	}
	goleak.VerifyNone(t, running)
}

// liveWhole runs the program from its start to the end of its drain: with waits that
// are held to the end, some whose phones have more to say, one whose phone leaves and
// whose wait is kept for it, and a request that does not wait.
func liveWhole(t *testing.T) {
	server := newHolder(t)
	cfg, err := config.Load(configFile(t, server.url(), "  linger: 10m\nstate: {path: state.db}\ndrain: 1s\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := assemble(context.Background(), cfg, zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel)))
	if err != nil {
		t.Fatal(err)
	}
	told, ended := signals{stop: make(chan os.Signal, 2)}, make(chan error, 1)
	go func() { ended <- d.run(told) }()

	const waits = 60
	phones := newCrowd(t, d.phones.Addr().String(), waits, func(i int) bool { return i%10 == 0 })
	server.await(t, waits)
	phones[0].Close()
	if a := get(t, "https://"+d.phones.Addr().String()+"/owa/"); a.code != 200 {
		t.Errorf("a request that does not wait: %v", a)
	}
	answers := phones[1:].farewells()
	told.stop <- unix.SIGTERM
	for range phones[1:] {
		if f := soon(t, answers); f.code != 200 || f.body != pingStatus1 || f.end != io.EOF {
			t.Errorf("a held Ping: %v, then %v", f.reply, f.end)
		}
	}
	if err := soon(t, ended); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// openFiles are what this process has open, by name.
func openFiles(t *testing.T) (names []string) {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name, err := os.Readlink(filepath.Join("/proc/self/fd", file.Name()))
		if err != nil {
			continue // the one that reads the directory
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
