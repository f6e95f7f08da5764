package store

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// small is a disk of its own, of some kilobytes. Only root can make one.
func small(t *testing.T, kilobytes string) (dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a disk that is full takes a mount, and that takes root")
	}
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+kilobytes+"k"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no mount here: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// fill takes all the room that is left.
func fill(t *testing.T, dir string) (ballast string) {
	t.Helper()
	ballast = filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return ballast
}

func remount(t *testing.T, dir string, flags uintptr) {
	t.Helper()
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|flags, ""); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskIsReportedOnceAndWhatItDidNotTakeIsWrittenLater(t *testing.T) {
	dir := small(t, "2048")
	path := filepath.Join(dir, "state.db")
	s := open(t, Config{Path: path, Queue: 100})
	s.PutDevice(device(0))
	s.flush()
	ballast := fill(t, dir)
	last := 0
	s.until("the disk is full", func() bool {
		for range 200 {
			last++
			s.PutDevice(device(last))
		}
		return s.Flush() != nil
	})
	for range 1000 { // push goes on
		last++
		s.PutDevice(device(last))
	}
	if n := s.queue.len(); n != 100 || !s.failingNow() {
		t.Errorf("%d rows wait, want the last 100; failing %v", n, s.failingNow())
	}
	if len(s.devices()) == 0 {
		t.Error("what was written before cannot be read")
	}
	if n := s.logged("store: what is learned cannot be written"); n != 1 || s.logs.Len() != 1 {
		t.Errorf("logged %v", s.logs.All())
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.until("the rows are written, with nothing new put", func() bool { return s.queue.len() == 0 && !s.failingNow() })
	s.close()
	after := open(t, Config{Path: path})
	all := after.devices()
	if newest := all[len(all)-1].Key; newest != key(last) || len(after.aside()) > 0 {
		t.Errorf("the newest device is %v, want %v; set aside %v", newest, key(last), after.aside())
	}
}

// stuck is a disk that takes no more writes when the store starts.
func stuck(t *testing.T, stick func(dir string) (mend func())) {
	dir := small(t, "1024")
	path := filepath.Join(dir, "state.db")
	s := open(t, Config{Path: path})
	for i := range 50 {
		s.PutDevice(device(i))
		s.PutWait(wait(i))
		s.PutHaving(having(i))
	}
	secret := s.Secret("a")
	s.close()
	mend := stick(dir)

	s = open(t, Config{Path: path})
	if s.Secret("a") != secret {
		t.Error("the secret is another one")
	}
	s.PutDevice(device(100))
	s.until("the disk is found out", func() bool { _ = s.Flush(); return s.failingNow() })
	known := map[string]bool{}
	for _, d := range s.devices() {
		known[d.Key.Device] = true
	}
	for i := range 50 {
		if !known[key(i).Device] {
			t.Fatalf("device %d was learned before and is forgotten; logged %v", i, s.logs.All())
		}
	}
	if n := len(s.havings()); n != 50 {
		t.Errorf("%d havings are known, want 50", n)
	}
	mend()
	s.PutDevice(device(101))
	s.until("it is written again", func() bool { return s.queue.len() == 0 && !s.failingNow() })
	s.close()
	s = open(t, Config{Path: path})
	if devices, waits, havings := len(s.devices()), len(s.waits(WaitsOf{})), len(s.havings()); devices != 52 || waits != 50 || havings != 50 {
		t.Errorf("after a restart %d devices, %d waits and %d havings, want 52, 50 and 50", devices, waits, havings)
	}
}

func TestAStartOnAFullDiskForgetsNothing(t *testing.T) {
	stuck(t, func(dir string) func() {
		ballast := fill(t, dir)
		return func() { _ = os.Remove(ballast) }
	})
}

func TestAStartOnAReadOnlyDiskForgetsNothing(t *testing.T) {
	stuck(t, func(dir string) func() {
		remount(t, dir, unix.MS_RDONLY)
		return func() { remount(t, dir, 0) }
	})
}

func TestADiskThatIsTakenAwayIsReplacedByWhatIsBelowIt(t *testing.T) {
	dir := small(t, "1024")
	path := filepath.Join(dir, "state.db")
	s := open(t, Config{Path: path})
	s.PutDevice(device(1))
	s.flush()
	if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	s.until("a new file is begun", func() bool {
		s.PutDevice(device(2))
		_ = s.Flush()
		_, err := os.Stat(path)
		return err == nil && len(s.devices()) == 1
	})
}
