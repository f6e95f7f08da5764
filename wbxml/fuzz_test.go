package wbxml

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// seeds are documents from our encoder, the golden documents and the odd and broken ones of the tables.
func seeds(f *testing.F) [][]byte {
	f.Helper()
	e := AppendTo(nil)
	writePing(&e)
	docs := [][]byte{
		e.Bytes(), unhex(f, ping), nil,
		unhex(f, "03 00 00 6A 21'-//MICROSOFT//DTD ActiveSync//EN'00 00 0D 45 48 03'480'00 01 01"),
		unhex(f, "03 01 6A 00 00 0D 45 48 03'4'00 C3 80 01'8'03'0'00 01 00 00 01 FF"),
		unhex(f, "03 01 6A 00 45 C3 90 80 80 80 03'480'01"),
		unhex(f, "03 01 6A 00 45 02 8F FF FF FF 7F 83 00 01"),
	}
	files, err := filepath.Glob("testdata/*.wbxml")
	if err != nil || len(files) < 20 {
		f.Fatalf("%d golden documents, %v", len(files), err)
	}
	for _, name := range files {
		doc, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		docs = append(docs, doc)
	}
	return docs
}

// FuzzDecode holds for any bytes: all ways of reading agree, limits hold, the decoder keeps no more than its buffer.
func FuzzDecode(f *testing.F) {
	for i, doc := range seeds(f) {
		f.Add(doc, uint64(i), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, doc []byte, seed uint64, tight bool) {
		limits := Limits{}
		if tight {
			limits = Limits{Bytes: 200, Depth: 16, Text: 64, Elements: 64}
		}
		got := allModes(t, doc, limits, seed)
		checkEvents(t, got, len(doc))
		var d Decoder
		d.ResetReader(bytes.NewReader(doc), limits)
		collect(&d, nil)
		if cap(d.own) != readSize || d.number.size > 6 {
			t.Fatalf("the decoder keeps %d bytes", cap(d.own))
		}
	})
}

// checkEvents asserts what every outcome has, whatever the document.
func checkEvents(t *testing.T, o outcome, size int) {
	t.Helper()
	depth, at := 0, int64(-1)
	for i, e := range o.events {
		switch {
		case e.Kind == Start && !e.Empty:
			depth++
		case e.Kind == End:
			depth--
		}
		last := i == len(o.events)-1
		badPlace := e.Offset < at || e.Offset > int64(size)
		badTag := e.Tag < firstTag || e.Tag > tagMask
		if badPlace || badTag || depth < 0 || depth == 0 && !last {
			t.Fatalf("token %d at depth %d: %v", i, depth, e)
		}
		at = e.Offset
	}
	if (depth == 0 && len(o.events) > 0) != (o.err == nil) {
		t.Fatalf("depth %d at the end, %v", depth, o.err)
	}
	if o.err != nil && (reason(t, o.err) == 0 || o.err.(*SyntaxError).Offset > int64(size)) {
		t.Fatalf("%v", o.err)
	}
}

// FuzzRoundTrip writes what was read and reads it back: the tree is the same, and writing it again gives the same bytes.
func FuzzRoundTrip(f *testing.F) {
	for _, doc := range seeds(f) {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		first := inMemory(doc, Limits{})
		if first.err != nil {
			return
		}
		want := tree(first.events)
		once := AppendTo(nil)
		writeTree(&once, want)
		second := inMemory(once.Bytes(), Limits{})
		if once.Err() != nil || second.err != nil || tree(second.events).String() != want.String() {
			t.Fatalf("%v, %v\n got %v\nwant %v", once.Err(), second.err, second.events, want)
		}
		twice := AppendTo(nil)
		writeTree(&twice, tree(second.events))
		if !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Fatalf("% x\n% x", once.Bytes(), twice.Bytes())
		}
	})
}
