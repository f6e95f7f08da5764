package store

import (
	"os"
	"path/filepath"
	"testing"
)

func TestADirectoryThatIsNotThereIsReportedAndAwaited(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(dir, "state.db")
	s := open(t, Config{Path: path})
	for i := range 10 {
		s.PutDevice(device(i))
		s.PutWait(wait(i))
		s.PutNetwork(network(i))
	}
	s.flush()
	secret := s.Secret("a")
	if len(s.devices()) != 10 || !s.failingNow() || s.logged("store: what is learned cannot be written") != 1 {
		t.Errorf("%d devices, failing %v; logged %v", len(s.devices()), s.failingNow(), s.logs.All())
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s.until("it moves to the file", func() bool { return !s.failingNow() })
	s.close()
	s = open(t, Config{Path: path})
	if a, b, c := len(s.devices()), len(s.waits(WaitsOf{})), len(s.networks()); a != 10 || b != 10 || c != 10 {
		t.Errorf("after a restart %d devices, %d waits, %d networks; want 10 of each", a, b, c)
	}
	if s.Secret("a") != secret {
		t.Error("the secret was not kept with them")
	}
}

func TestADirectoryThatIsReadOnlyStopsNothing(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere; TestAStartOnAReadOnlyDiskForgetsNothing is root's")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	s := open(t, Config{Path: filepath.Join(dir, "state.db")})
	s.PutDevice(device(1))
	s.flush()
	if len(s.devices()) != 1 || !s.failingNow() {
		t.Errorf("%d devices, failing %v", len(s.devices()), s.failingNow())
	}
}
