package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// A process that is killed while it writes. The child is this test's program.

const childEnvironment = "DIASTOLE_STORE_CHILD"

func childsPath() string { return os.Getenv(childEnvironment) }

// writeUntilKilled puts waits and says after each Flush how many are written.
func writeUntilKilled(path string) {
	s, err := Open(Config{Path: path, Queue: 1 << 20, pace: pace{batch: time.Millisecond}})
	for i := 0; err == nil; {
		for range 50 {
			s.PutWait(wait(i))
			s.PutDevice(device(i))
			s.PutHaving(having(i))
			i++
		}
		if err = s.Flush(); err == nil {
			fmt.Println(i)
		}
	}
	fmt.Println(err)
	select {} // the parent kills us, whatever it was
}

func TestAProcessKilledWhileWritingLosesNothingThatWasWritten(t *testing.T) {
	path := one(t)
	written := 0
	for round := range 3 {
		written = max(written, killInTheMiddle(t, path, 3+round*4))
		s := open(t, Config{Path: path})
		found := s.waits(WaitsOf{Limit: 1 << 20})
		if len(found) < written || len(s.devices()) < written || len(s.havings()) < written {
			t.Fatalf("round %d: %d of each were written; %d waits, %d devices, %d havings are there", round, written, len(found), len(s.devices()), len(s.havings()))
		}
		for i, w := range found { // the youngest first, and none left out
			if want := wait(len(found) - 1 - i); w.Key != want.Key || !w.Ended.Equal(want.Ended) {
				t.Fatalf("round %d: row %d is %+v, want %+v", round, i, w, want)
			}
		}
		if s.logs.Len() > 0 || len(s.aside()) > 0 {
			t.Fatalf("round %d: logged %v, set aside %v", round, s.logs.All(), s.aside())
		}
		s.close()
	}
}

// killInTheMiddle lets a child report so many batches, then kills it in the next.
func killInTheMiddle(t *testing.T, path string, batches int) (written int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childEnvironment+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range batches {
		if !lines.Scan() {
			t.Fatal("the child ended by itself")
		}
		if written, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatal(lines.Text())
		}
	}
	_ = child.Process.Kill() // SIGKILL
	for lines.Scan() {       // what it said before the signal came counts too
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			written = n
		}
	}
	_ = child.Wait()
	return written
}
