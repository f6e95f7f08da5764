package edge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Disk is a Shelf in a directory: a file for each key, readable by its owner alone.
// The directory is opened as an os.Root, so no key leads out of it.
type Disk struct{ root *os.Root }

// lockTry is how often a lock that another process has is tried again.
const lockTry = 200 * time.Millisecond

// OpenDisk makes the directory if it is not there, for the owner alone, and proves
// that it can be written: otherwise that would show when a certificate was issued
// that cannot be kept, and the authority counts it all the same.
func OpenDisk(ctx context.Context, dir string) (*Disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("edge: the directory for certificates: %w (make it, and let diastole write to it)", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("edge: the directory for certificates: %w", err)
	}
	d := &Disk{root}
	if err := errors.Join(d.Set(ctx, ".probe", nil), d.Delete(ctx, ".probe")); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("edge: the directory for certificates %s: %w (let diastole write to it)", dir, err)
	}
	return d, nil
}

// Close lets the directory go.
func (d *Disk) Close() error { return d.root.Close() }

// Get is Shelf's.
func (d *Disk) Get(_ context.Context, key string) ([]byte, error) { return d.root.ReadFile(key) }

// Set writes a file of another name first and moves it: a crash leaves the old value
// or the new one.
func (d *Disk) Set(_ context.Context, key string, value []byte) error {
	if err := d.root.MkdirAll(path.Dir(key), 0o700); err != nil {
		return err
	}
	draft := key + "." + rand.Text()[:8] + draftEnd
	if err := d.write(draft, value); err != nil {
		_ = d.root.Remove(draft)
		return err
	}
	return d.root.Rename(draft, key)
}

const draftEnd = ".new"

func (d *Disk) write(name string, value []byte) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(value)
	// Without it a power cut may leave the new name with nothing in it.
	return errors.Join(err, f.Sync(), f.Close())
}

// Delete is Shelf's.
func (d *Disk) Delete(_ context.Context, key string) error { return d.root.RemoveAll(key) }

// List is Shelf's. Drafts that a crash has left are no keys.
func (d *Disk) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	err := fs.WalkDir(d.root.FS(), path.Clean(prefix), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasSuffix(name, draftEnd) {
			keys = append(keys, name)
		}
		return errors.Join(err, ctx.Err())
	})
	if errors.Is(err, fs.ErrNotExist) {
		return keys, ctx.Err()
	}
	return keys, err
}

// Lock is a lock of the kernel on a file: it ends with the process, however that
// ends, so no lock is ever left behind. The file stays.
func (d *Disk) Lock(ctx context.Context, name string) (func() error, error) {
	if err := d.root.MkdirAll("locks", 0o700); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(path.Join("locks", strings.ReplaceAll(name, "/", "_")), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("edge: lock %s: %w", name, err), f.Close())
		}
		select {
		case <-time.After(lockTry):
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		}
	}
}
