package watch

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/diastole/diastole/wbxml"
	"github.com/diastole/diastole/wbxml/eas"
)

var hierarchy = eas.FolderSyncResponse{Status: 1, SyncKey: "1", Add: []eas.Folder{
	inbox, {ID: "6", ParentID: "5", Name: "Größe & <Co>", Type: eas.FolderUserMail}}}

func TestFolderSyncPassesAndIsRead(t *testing.T) {
	plain := string(hierarchy.Append(nil))
	for name, c := range map[string]struct{ body, encoding string }{
		"plain": {plain, ""}, "identity": {plain, "identity"}, "gzip": {gz(plain), "gzip"}, "x-gzip in parts": {gz(plain[:9]) + gz(plain[9:]), "X-GZip"},
	} {
		for chunking, chunk := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "end with the last byte": iotest.DataErrReader,
		} {
			k := Keep(chunk(strings.NewReader(c.body)), MaxTree)
			passed, err := io.ReadAll(k)
			if err != nil || string(passed) != c.body {
				t.Errorf("%s, %s: %q passed, %v", name, chunking, passed, err)
			}
			if said, err := k.FolderSyncResponse(c.encoding); err != nil || !reflect.DeepEqual(said, hierarchy) {
				t.Errorf("%s, %s: %+v, %v", name, chunking, said, err)
			}
		}
	}
	k := Keep(bytes.NewReader((&eas.FolderSyncRequest{SyncKey: "7"}).Append(nil)), MaxTree)
	_, _ = io.Copy(io.Discard, k)
	if asked, err := k.FolderSyncRequest(); err != nil || asked.SyncKey != "7" {
		t.Errorf("the request: %+v, %v", asked, err)
	}
}

func TestFolderSyncThatIsNotReadPassesToo(t *testing.T) {
	plain := string(hierarchy.Append(nil))
	for name, c := range map[string]struct {
		body, encoding string
		want           error
	}{
		"an unknown coding": {plain, "br", ErrUnpacking},
		"no gzip":           {plain, "gzip", ErrUnpacking},
		"gzip, cut":         {gz(plain)[:30], "gzip", ErrUnpacking},
		"a bomb":            {bomb(plain[:9]), "gzip", ErrUnpacking},
		"too large":         {strings.Repeat("x", MaxTree+1), "", ErrTooLarge},
		"another document":  {string(answer), "", eas.ErrDocument},
		"nothing":           {"", "", new(wbxml.SyntaxError)},
		"cut":               {plain[:len(plain)-1], "", new(wbxml.SyntaxError)},
		"a sign-in page":    {"<html>", "", new(wbxml.SyntaxError)},
	} {
		k := Keep(strings.NewReader(c.body), MaxTree)
		if n, err := io.Copy(io.Discard, k); n != int64(len(c.body)) || err != nil {
			t.Errorf("%s: %d bytes passed, %v", name, n, err)
		}
		_, err := k.FolderSyncResponse(c.encoding)
		syntax := new(wbxml.SyntaxError)
		if _, syntactic := c.want.(*wbxml.SyntaxError); !errors.Is(err, c.want) && !(syntactic && errors.As(err, &syntax)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string]io.Reader{
		"broken off": io.MultiReader(strings.NewReader(plain), iotest.ErrReader(errBroken)), "not read": strings.NewReader(plain),
	} {
		k := Keep(body, MaxTree)
		if name == "broken off" {
			_, _ = io.Copy(io.Discard, k)
		}
		if _, err := k.FolderSyncResponse(""); !errors.Is(err, ErrUnfinished) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := k.FolderSyncRequest(); !errors.Is(err, ErrUnfinished) {
			t.Errorf("%s, a request: %v", name, err)
		}
	}
}

func TestABombOfFoldersIsUnpackedToTheLimit(t *testing.T) {
	body := []byte(bomb(string(hierarchy.Append(nil))[:9]))
	var err error
	if n := allocations(func() { _, err = unpacked(body, "gzip", MaxTree) }); n > 5*MaxTree || !errors.Is(err, ErrUnpacking) {
		t.Errorf("%d bytes were allocated for it, %v", n, err)
	}
}

// FuzzFolderSync: whatever a server answers passes as it is, in whatever pieces, and what
// is understood of it stays within the bounds of a device, also after a restart.
func FuzzFolderSync(f *testing.F) {
	whole := hierarchy.Append(nil)
	f.Add(whole, "", []byte{3, 1}, "0")
	f.Add([]byte(gz(string(whole))), "gzip", []byte{}, "1")
	f.Add((&eas.FolderSyncResponse{Status: 1, SyncKey: "2", Update: []eas.Folder{inbox}, Delete: []string{"6"}}).Append(nil), "", []byte{9}, "1")
	f.Add((&eas.FolderSyncResponse{Status: eas.FolderSyncInvalidKey}).Append(nil), "br", []byte{1}, "9")
	f.Fuzz(func(t *testing.T, body []byte, encoding string, pieces []byte, key string) {
		k := Keep(&inPieces{body: body, sizes: pieces}, MaxTree)
		passed, err := io.ReadAll(k)
		if err != nil || !bytes.Equal(passed, body) {
			t.Fatalf("%q passed as %q, %v", body, passed, err)
		}
		said, err := k.FolderSyncResponse(encoding)
		if err != nil {
			return
		}
		m, d := NewMemory(roomy), Device{"anna", "d", "phone"}
		m.FolderSync(d, eas.FolderSyncRequest{SyncKey: key}, said)
		s, known := m.devices.Peek(d)
		if known != (said.Status == eas.FolderSyncSuccess) {
			t.Fatalf("known: %v after %+v", known, said)
		}
		if !known {
			return
		}
		if len(s.tree) > min(maxCollections, len(said.Add)+len(said.Update)) || s.bytes != newState(d).bytes+s.tree.cost() {
			t.Fatalf("%d folders of %+v, %d bytes", len(s.tree), said, s.bytes)
		}
		for i, folder := range s.tree {
			if folder.ID == "" || folder.Type <= 0 || i > 0 && s.tree[i-1].ID >= folder.ID {
				t.Fatalf("%+v after %+v", folder, s.tree[:i])
			}
		}
	})
}
