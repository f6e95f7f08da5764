package wbxml

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the .txt twins of testdata/*.wbxml anew")

// TestGoldenDocuments compares the tokens of each testdata/*.wbxml with its .txt twin: offset, token, data. (The .xml
// twins beside them are those of package eas.) `go test -run Golden -update` renews them.
func TestGoldenDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/*.wbxml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, name := range files {
		doc, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := listing(allModes(t, doc, Limits{}, 1))
		twin := strings.TrimSuffix(name, ".wbxml") + ".txt"
		if *update {
			if err := os.WriteFile(twin, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(twin); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v\n got:\n%s\nwant:\n%s", name, err, got, want)
		}
	}
}

func listing(o outcome) []byte {
	var b bytes.Buffer
	depth := 0
	for _, e := range o.events {
		if e.Kind == End {
			depth--
		}
		fmt.Fprintf(&b, "%4d %s", e.Offset, strings.Repeat("  ", depth))
		switch {
		case e.Kind == Text && e.Opaque:
			fmt.Fprintf(&b, "Opaque %q\n", e.Data)
		case e.Kind == Text:
			fmt.Fprintf(&b, "Text %q\n", e.Data)
		case e.Empty:
			fmt.Fprintf(&b, "Empty %d:%02X\n", e.Page, e.Tag)
		default:
			fmt.Fprintf(&b, "%s %d:%02X\n", e.Kind, e.Page, e.Tag)
		}
		if e.Kind == Start && !e.Empty {
			depth++
		}
	}
	if o.err != nil {
		fmt.Fprintln(&b, o.err)
	}
	return b.Bytes()
}
