package watch

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/diastole/diastole/wbxml/eas"
)

// item is the beginning of a Sync answer whose one item never ends.
const item = "\x03\x01\x6a\x00\x45\x5c\x4f\x56\x47\x5d\x00\x11\x4a\x4b\x03"

// bomb unpacks to many times maxUnpacked: parts of 1 MiB, RFC 1952 2.2.
func bomb(begin string) string {
	part := strings.Repeat("x", 1<<20)
	return gz(begin, part) + strings.Repeat(gz(part), 10*maxUnpacked>>20)
}

func TestBombPassesAndIsUnpackedToTheLimit(t *testing.T) {
	body := bomb(item)
	allocated := allocations(func() {
		a := ReadAlong(strings.NewReader(body), "gzip")
		if n, err := io.Copy(io.Discard, a); err != nil || n != int64(len(body)) {
			t.Errorf("%d of %d bytes passed, %v", n, len(body), err)
		}
		if _, err := a.Close(); !errors.Is(err, ErrUnpacking) {
			t.Errorf("understood: %v", err)
		}
	})
	if allocated > 1<<20 {
		t.Errorf("%d bytes were allocated for it", allocated)
	}
}

func TestBombInOnePieceNeedsNoMemory(t *testing.T) {
	body := []byte(bomb(item))
	for name, c := range map[string]struct {
		read func() error
		most uint64
	}{
		"Sync": {func() error { _, err := ReadWhole(body, "gzip"); return err }, 1 << 20},
		"Ping": {func() error { _, err := Unpacked(body, "gzip"); return err }, 8 * maxShort},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			if n := allocations(func() { err = c.read() }); n > c.most {
				t.Errorf("%d bytes were allocated for it", n)
			}
			if !errors.Is(err, ErrUnpacking) {
				t.Errorf("understood: %v", err)
			}
		})
	}
}

// Behind the document's end, or where it cannot be read, nothing is unpacked.
func TestBombBehindTheDocumentIsNotUnpacked(t *testing.T) {
	for _, begin := range []string{string(answer), "no document"} {
		unpacked := &counted{to: untilDone{new(eas.SyncResponseReader)}}
		if err := copyUnpacked(unpacked, strings.NewReader(bomb(begin))); err != nil || unpacked.n > 1<<20 {
			t.Errorf("%d bytes were unpacked, %v", unpacked.n, err)
		}
	}
}

type counted struct {
	to io.Writer
	n  int
}

func (c *counted) Write(p []byte) (int, error) {
	c.n += len(p)
	return c.to.Write(p)
}

func TestUnpackedShortBodies(t *testing.T) {
	for _, c := range []struct{ body, encoding, want string }{
		{"plain", "", "plain"}, {"plain", "identity", "plain"}, {gz("packed"), "gzip", "packed"}, {gz("packed"), "x-gzip", "packed"}, {"", "gzip", ""},
		{gz(strings.Repeat("x", maxShort)), "gzip", strings.Repeat("x", maxShort)},
	} {
		if got, err := Unpacked([]byte(c.body), c.encoding); err != nil || string(got) != c.want {
			t.Errorf("%.20q as %q is %.20q, %v", c.body, c.encoding, got, err)
		}
	}
	for _, c := range []struct{ body, encoding string }{{"plain", "br"}, {"plain", "gzip"}, {gz("packed")[:12], "gzip"}, {gz(strings.Repeat("x", maxShort+1)), "gzip"}} {
		if got, err := Unpacked([]byte(c.body), c.encoding); !errors.Is(err, ErrUnpacking) {
			t.Errorf("%.20q as %q is %.20q, %v", c.body, c.encoding, got, err)
		}
	}
}

// allocations is how many bytes work allocates.
func allocations(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
