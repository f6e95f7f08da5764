package store

import (
	"bytes"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// filled is a file with rows in it, closed.
func filled(t *testing.T, rows int) string {
	t.Helper()
	path := one(t)
	s := open(t, Config{Path: path})
	for i := range rows {
		s.PutDevice(device(i))
		s.PutWait(wait(i))
	}
	s.close()
	return path
}

// spoil changes a file.
func spoil(t *testing.T, path string, change func([]byte) []byte) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = change(text)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestADamagedFileIsSetAsideAndANewOneBegun(t *testing.T) {
	noise := rand.NewChaCha8([32]byte{1})
	for _, c := range []struct {
		name   string
		change func([]byte) []byte
	}{
		{"cut in the middle", func(b []byte) []byte { return b[:len(b)/2] }},
		{"cut in the middle of a page", func(b []byte) []byte { return b[:len(b)/2+100] }},
		{"cut in the header", func(b []byte) []byte { return b[:60] }},
		{"all noise", func(b []byte) []byte { _, _ = noise.Read(b); return b }},
		{"all zeros", func(b []byte) []byte { clear(b); return b }},
		{"noise behind the header", func(b []byte) []byte { _, _ = noise.Read(b[4096:]); return b }},
		{"one page of zeros", func(b []byte) []byte { clear(b[5*4096 : 6*4096]); return b }},
		{"a letter", func([]byte) []byte { return []byte("Dear Sir or Madam, ...") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filled(t, 150)
			spoilt := spoil(t, path, c.change)
			s := open(t, Config{Path: path})
			s.PutDevice(device(1))
			s.flush()
			if len(s.devices()) != 1 || s.failingNow() {
				t.Errorf("%d devices, failing %v", len(s.devices()), s.failingNow())
			}
			aside := s.aside()
			if len(aside) != 1 || s.logged("store: the database is damaged") != 1 {
				t.Fatalf("set aside: %v; logged: %v", aside, s.logs.All())
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(kept, spoilt) {
				t.Errorf("what was set aside is not what was there (%v)", err)
			}
			if got := value(s.config.Metrics.faults.WithLabelValues("damaged")); got != 1 {
				t.Errorf("%v counted", got)
			}
			s.close()
			if again := open(t, Config{Path: path}); len(again.devices()) != 1 || again.logs.Len() > 0 {
				t.Errorf("after a restart: %d devices, logged %v", len(again.devices()), again.logs.All())
			}
		})
	}
}

func TestAnEmptyFileIsANewOne(t *testing.T) {
	path := one(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Config{Path: path})
	s.PutDevice(device(1))
	s.flush()
	if len(s.devices()) != 1 || s.logs.Len() > 0 {
		t.Errorf("logged: %v", s.logs.All())
	}
}

func TestALogBesideTheFileThatIsDamagedLosesOnlyWhatIsInIt(t *testing.T) {
	path := filled(t, 100)
	if err := os.WriteFile(path+"-wal", bytes.Repeat([]byte("noise"), 9999), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Config{Path: path})
	if len(s.devices()) != 100 || len(s.aside()) != 0 {
		t.Errorf("%d devices; logged: %v", len(s.devices()), s.logs.All())
	}
}

func TestAFileDamagedWhileInUseIsReplaced(t *testing.T) {
	path := filled(t, 9_000) // more than SQLite keeps in memory
	s := open(t, Config{Path: path, Waits: Keep{For: 1 << 62}, Devices: Keep{For: 1 << 62}})
	spoil(t, path, func(b []byte) []byte { clear(b[4096:]); return b })
	s.until("the file is replaced", func() bool {
		s.PutDevice(device(1_000_000))
		_ = s.Flush()
		for _, err := range s.Devices(t.Context()) {
			if err != nil {
				break // reported to whoever reads, and mended for the next
			}
		}
		s.writing.Lock()
		defer s.writing.Unlock()
		return len(s.aside()) == 1 && len(s.devices()) == 1
	})
	if s.failingNow() {
		t.Errorf("failing; logged: %v", s.logs.All())
	}
}

func TestOnlyTheLastDamagedFilesAreKept(t *testing.T) {
	path := one(t)
	for range keptAside + 3 {
		if err := os.WriteFile(path, []byte("not a database"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, Config{Path: path})
		s.close()
	}
	left, _ := filepath.Glob(path + ".damaged-*")
	if len(left) != keptAside {
		t.Errorf("%d are kept: %v", len(left), left)
	}
}

func TestADatabaseOfAnotherProgramIsLeftAlone(t *testing.T) {
	path := one(t)
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	other.Close()
	before, _ := os.ReadFile(path)
	_, err = Open(Config{Path: path})
	var notOurs *NotOursError
	if !errors.As(err, &notOurs) || !strings.Contains(err.Error(), "another program") || !strings.Contains(err.Error(), path) {
		t.Fatalf("got %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("it was changed")
	}
}

func TestAFileDeletedWhileInUseIsBegunAnew(t *testing.T) {
	path := one(t)
	s := open(t, Config{Path: path})
	s.PutDevice(device(1))
	s.flush()
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	s.until("the file is there again", func() bool {
		s.PutDevice(device(2))
		_ = s.Flush()
		_, err := os.Stat(path)
		return err == nil && len(s.devices()) == 1
	})
	s.close()
	if got := open(t, Config{Path: path}).devices(); len(got) != 1 || got[0].Key != key(2) {
		t.Errorf("after a restart: %v", got)
	}
}
