package wbxml

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// pingTags are the names that the second reader prints for page 13.
var pingTags = map[string]byte{
	"Ping": 0x05, "AutdState": 0x06, "Status": 0x07, "HeartbeatInterval": 0x08, "Folders": 0x09,
	"Folder": 0x0A, "Id": 0x0B, "Class": 0x0C, "MaxFolders": 0x0D,
}

// TestTheSecondReaderAgrees compares with libwbxml (Debian: libwbxml2-utils), written by others from the same
// specification. Where it gives up on a document there is nothing to compare; it must not for more than a few.
func TestTheSecondReaderAgrees(t *testing.T) {
	program := need(t, "wbxml2xml")
	dir := t.TempDir()
	compared, gaveUp := 0, 0
	for _, g := range generate(t, 400, 4) {
		if g.Set != "valid" {
			continue
		}
		name := filepath.Join(dir, "doc.wbxml")
		if err := os.WriteFile(name, g.doc, 0o600); err != nil {
			t.Fatal(err)
		}
		// -m 0: compact; -k: keep blanks, which stand in folder ids.
		text, err := exec.Command(program, "-l", "ACTIVESYNC", "-m", "0", "-k", "-o", "-", name).Output()
		if err != nil {
			gaveUp++
			continue
		}
		compared++
		want := fromXML(t, text)
		if got := inMemory(g.doc, Limits{}); got.err != nil || tree(got.events).String() != want.String() {
			t.Errorf("%s %v: %v\n ours %v\nlibwbxml %v", g.File, g.Features, got.err, tree(got.events), want)
		}
	}
	t.Logf("%d compared, libwbxml gave up on %d", compared, gaveUp)
	if compared < 300 {
		t.Errorf("only %d documents compared; libwbxml gave up on %d", compared, gaveUp)
	}
}

// fromXML makes a tree of the Ping document that the second reader printed.
func fromXML(t *testing.T, text []byte) *node {
	t.Helper()
	root := &node{}
	path := []*node{root}
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		tok, err := d.Token()
		if err == io.EOF {
			return root.kids[0]
		} else if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		top := path[len(path)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &node{page: 13, tag: pingTags[tok.Name.Local]}
			top.kids = append(top.kids, n)
			path = append(path, n)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if len(path) > 1 {
				top.kids = append(top.kids, &node{isText: true, text: string(tok)})
			}
		}
	}
}
