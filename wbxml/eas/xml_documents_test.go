package eas

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/diastole/diastole/wbxml"
)

var updateXML = flag.Bool("update", false, "write the .xml twins of ../testdata/*.wbxml anew")

// TestGoldenDocumentsAsXML compares ../testdata/*.wbxml with the .xml twins. `go test -run Golden -update` renews them.
func TestGoldenDocumentsAsXML(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.wbxml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, name := range files {
		doc, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := printed(doc)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		twin := strings.TrimSuffix(name, ".wbxml") + ".xml"
		if *updateXML {
			if err := os.WriteFile(twin, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(twin); err != nil || got != string(want) {
			t.Errorf("%s: %v\n got:\n%s\nwant:\n%s", name, err, got, want)
		}
	}
}

// TestDocumentsOfOthersReadAsTheySay covers Microsoft's examples, test vectors of other projects and the Pings derived
// from specifications, each with the XML that its source gives.
func TestDocumentsOfOthersReadAsTheySay(t *testing.T) {
	for folder, count := range map[string]int{"documents": 30, "ping-derived": 21} {
		manifest, err := os.ReadFile(corpus(t, filepath.Join(folder, "manifest.json")))
		if err != nil {
			t.Fatal(err)
		}
		var entries []struct{ File, XML string }
		if err := json.Unmarshal(manifest, &entries); err != nil || len(entries) < count {
			t.Fatalf("%s: %d entries, want %d; %v", folder, len(entries), count, err)
		}
		for _, entry := range entries {
			doc, err := os.ReadFile(corpus(t, entry.File))
			if err != nil {
				t.Fatal(err)
			}
			// The manifest's maker did not know this tag, which only the first edition of MS-ASWBXML has.
			entry.XML = strings.ReplaceAll(entry.XML, `<T11 xmlns="AirSync"/>`, `<Version xmlns="AirSync"/>`)
			got, err := printed(doc)
			if err != nil {
				t.Errorf("%s: %v", entry.File, err)
			} else if flat(t, got) != flat(t, entry.XML) {
				t.Errorf("%s:\n got %s\nwant %s", entry.File, got, entry.XML)
			}
		}
	}
}

// others name an unknown tag T0A where we name it x0A.
var unknownTag = regexp.MustCompile(`^[Tx]([0-9A-F]{2})$`)

// flat brings XML into one line without layout, to compare what it says: names with their namespaces, text, comments.
func flat(t testing.TB, text string) string {
	t.Helper()
	var b strings.Builder
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		tok, err := d.Token()
		if err == io.EOF {
			return b.String()
		} else if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, text)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			fmt.Fprintf(&b, "<%s:%s>", tok.Name.Space, unknownTag.ReplaceAllString(tok.Name.Local, "tag$1"))
		case xml.EndElement:
			b.WriteString("</>")
		case xml.Comment:
			fmt.Fprintf(&b, "<!--%s-->", tok)
		case xml.CharData:
			b.Write(bytes.TrimSpace(tok))
		}
	}
}

// FuzzWriteXML holds for any bytes: what is printed of a whole document is well-formed, names the same elements, and
// does not depend on how the bytes arrive.
func FuzzWriteXML(f *testing.F) {
	files, err := filepath.Glob("../testdata/*.wbxml")
	if err != nil || len(files) < 20 {
		f.Fatalf("%d documents, %v", len(files), err)
	}
	for _, name := range files {
		doc, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	f.Add(body(f, "45 00 63 4A 03 1B FF 'a' E6 00 C3 02 00 FF C3 01 A5 01 01 07"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := printed(doc)
		if bytewise := printedBytewise(t, doc); bytewise != got {
			t.Fatalf("in memory:\n%s\nbyte by byte:\n%s", got, bytewise)
		}
		if err == nil {
			if starts := strings.Count(flat(t, got), "</>"); starts != elements(t, doc) {
				t.Fatalf("%d elements of %d:\n%s", starts, elements(t, doc), got)
			}
		}
	})
}

func elements(t *testing.T, doc []byte) (n int) {
	var d wbxml.Decoder
	d.Reset(doc, wbxml.Limits{})
	for {
		tok, err := d.Next()
		if err == io.EOF {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
		if tok.Kind == wbxml.Start {
			n++
		}
	}
}
