package watch

import (
	"bytes"
	"io"
	"reflect"
	"runtime"
	"testing"

	"github.com/diastole/diastole/wbxml/eas"
)

// FuzzSyncWatcher: whatever a server answers, in whatever pieces it comes, packed
// or not: the bytes pass as they are, pieces change nothing in what is understood,
// and no goroutine is left.
func FuzzSyncWatcher(f *testing.F) {
	seeds := []eas.SyncResponse{
		{Empty: true},
		{Status: eas.SyncInvalidWait, Limit: 59},
		{Status: 142},
		{Collections: []eas.SyncAnswer{{ID: "5", SyncKey: "8", Status: 1}, {ID: "mail/INBOX", SyncKey: "{uuid}2", Status: 1, MoreAvailable: true}}},
		{Collections: []eas.SyncAnswer{{ID: "5", Status: eas.SyncInvalidKey}}},
	}
	for _, s := range seeds {
		body := s.Append(nil)
		f.Add(body, "", []byte{1}, false)
		f.Add(body, "gzip", []byte{3, 200, 1}, false)
		f.Add([]byte(gz(string(body))), "gzip", []byte{7}, false)
		f.Add(body, "gzip", []byte{0, 50}, true)
	}
	f.Add([]byte(item+"mail"), "", []byte{2}, true)
	f.Add([]byte("plop"), "br", []byte{}, false)
	f.Fuzz(func(t *testing.T, body []byte, encoding string, pieces []byte, pack bool) {
		if pack {
			body, encoding = []byte(gz(string(body))), "gzip"
		}
		a := ReadAlong(&inPieces{body: body, sizes: pieces}, encoding)
		passed, err := io.ReadAll(a)
		if err != nil || !bytes.Equal(passed, body) {
			t.Fatalf("%q passed as %q, %v", body, passed, err)
		}
		said, failed := a.Close()
		if stillUnpacking() {
			t.Fatal("a goroutine is left")
		}
		whole, wholeFailed := ReadWhole(body, encoding)
		if (failed == nil) != (wholeFailed == nil) || failed == nil && !reflect.DeepEqual(said, whole) {
			t.Fatalf("in pieces %+v, %v; in one %+v, %v", said, failed, whole, wholeFailed)
		}
		// Left in the middle: nothing is known, and nothing stays.
		a = ReadAlong(&inPieces{body: body, sizes: pieces}, encoding)
		if len(body) > 0 {
			_, _ = a.Read(make([]byte, 1+len(body)/2))
		}
		if _, err := a.Close(); err != ErrUnfinished {
			t.Fatalf("left in the middle: %v", err)
		}
		if stillUnpacking() {
			t.Fatal("a goroutine is left after half of it")
		}
	})
}

// stillUnpacking tells whether a goroutine of ours is there. One that has said its last
// word may still be on its way out.
func stillUnpacking() bool {
	stacks := make([]byte, 256<<10)
	for range 100 {
		if !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("watch.unpack.func")) {
			return false
		}
		runtime.Gosched()
	}
	return true
}

// inPieces gives body in pieces of the given sizes, over and over, and its end
// only after the last byte.
type inPieces struct {
	body, sizes []byte
	next        int
}

func (r *inPieces) Read(p []byte) (int, error) {
	if len(r.body) == 0 {
		return 0, io.EOF
	}
	n := len(r.body)
	if len(r.sizes) > 0 {
		n = max(1, int(r.sizes[r.next%len(r.sizes)]))
		r.next++
	}
	n = copy(p, r.body[:min(n, len(r.body))])
	r.body = r.body[n:]
	return n, nil
}
