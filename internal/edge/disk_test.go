package edge

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// shelves are all that keep a Shelf's promises.
func shelves(t *testing.T) map[string]Shelf {
	disk, err := OpenDisk(t.Context(), filepath.Join(t.TempDir(), "tls"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { disk.Close() })
	return map[string]Shelf{"disk": disk, "memory": newMemory()}
}

func TestAShelfGivesWhatWasPutThere(t *testing.T) {
	for name, s := range shelves(t) {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if _, err := s.Get(ctx, "certificates/ca/mail/mail.crt"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("nothing there: %v", err)
			}
			for _, key := range []string{"certificates/ca/mail/mail.crt", "certificates/ca/mail/mail.key", "certificates/ca/other/other.crt", "tickets/keys.json"} {
				for _, value := range []string{"first", "second, which is longer", ""} {
					if err := s.Set(ctx, key, []byte(value)); err != nil {
						t.Fatal(err)
					}
					if got, err := s.Get(ctx, key); err != nil || string(got) != value {
						t.Errorf("%s: %q, %v, want %q", key, got, err, value)
					}
				}
			}
			expectKeys(t, s, "certificates/ca", "certificates/ca/mail/mail.crt", "certificates/ca/mail/mail.key", "certificates/ca/other/other.crt")
			if err := errors.Join(s.Delete(ctx, "certificates/ca/mail"), s.Delete(ctx, "certificates/none")); err != nil {
				t.Error(err)
			}
			expectKeys(t, s, "certificates/ca", "certificates/ca/other/other.crt")
			expectKeys(t, s, "none")
		})
	}
}

func expectKeys(t *testing.T, s Shelf, prefix string, want ...string) {
	t.Helper()
	got, err := s.List(t.Context(), prefix)
	if slices.Sort(got); err != nil || !slices.Equal(got, want) {
		t.Errorf("below %s: %v, %v, want %v", prefix, got, err, want)
	}
}

func TestWhatLiesOnADiskIsForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	disk, err := OpenDisk(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	if err := disk.Set(t.Context(), "a/b/key", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{"": 0o700, "a": 0o700, "a/b": 0o700, "a/b/key": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if err := disk.Set(t.Context(), "../outside", nil); err == nil {
		t.Error("a key led out of the directory")
	}
	// What a crash has left in the middle of writing.
	write(t, filepath.Join(dir, "a/b/key.ABCD"+draftEnd), []byte("half"))
	expectKeys(t, disk, "a", "a/b/key")
}

func TestADirectoryThatCannotBeWrittenIsSaid(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), nil)
	_, err := OpenDisk(t.Context(), filepath.Join(dir, "file", "tls"))
	if err == nil || !strings.Contains(err.Error(), "make it, and let diastole write to it") {
		t.Errorf("got %v", err)
	}
}

func TestOneHasTheLockAndTheNextGetsItWhenItIsFree(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first, err := OpenDisk(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer first.Close()
		second, err := OpenDisk(t.Context(), dir) // another process
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		unlock, err := first.Lock(t.Context(), "issue_cert_mail.example.com")
		if err != nil {
			t.Fatal(err)
		}
		if other, err := second.Lock(t.Context(), "issue_cert_other.example.com"); err != nil {
			t.Errorf("another name: %v", err)
		} else if err := other(); err != nil {
			t.Error(err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := second.Lock(short, "issue_cert_mail.example.com"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("locked twice: %v", err)
		}
		time.AfterFunc(time.Second, func() { _ = unlock() })
		if again, err := second.Lock(t.Context(), "issue_cert_mail.example.com"); err != nil || again() != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

func TestAStorageLooksLikeADirectory(t *testing.T) {
	for name, shelf := range shelves(t) {
		t.Run(name, func(t *testing.T) {
			ctx, s := t.Context(), newStorage(shelf)
			for _, key := range []string{"acme/ca/users/jo/jo.json", "acme/ca/users/jo/jo.key", "acme/ca/users/an/an.key"} {
				if err := s.Store(ctx, key, []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.List(ctx, "acme/ca/users", false)
			if slices.Sort(got); err != nil || !slices.Equal(got, []string{"acme/ca/users/an", "acme/ca/users/jo"}) {
				t.Errorf("children %v, %v", got, err)
			}
			if got, err = s.List(ctx, "acme", true); err != nil || len(got) != 3 {
				t.Errorf("all %v, %v", got, err)
			}
			for key, want := range map[string]bool{"acme/ca": true, "acme/ca/users/jo/jo.key": true, "acme/c": false, "none": false} {
				if s.Exists(ctx, key) != want {
					t.Errorf("%s exists: %v", key, !want)
				}
			}
			if info, err := s.Stat(ctx, "acme/ca/users/jo/jo.key"); err != nil || !info.IsTerminal || info.Size != 1 {
				t.Errorf("a file: %+v, %v", info, err)
			}
			if info, err := s.Stat(ctx, "acme/ca"); err != nil || info.IsTerminal {
				t.Errorf("a directory: %+v, %v", info, err)
			}
			if err := errors.Join(s.Lock(ctx, "a"), s.Unlock(ctx, "a"), s.Lock(ctx, "a"), s.Unlock(ctx, "a")); err != nil {
				t.Error(err)
			}
			if err := s.Unlock(ctx, "a"); err == nil {
				t.Error("unlocked what was not locked")
			}
		})
	}
}
