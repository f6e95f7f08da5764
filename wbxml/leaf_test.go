package wbxml

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestALeafHasItsTextReplacedAndKeepsItsPages(t *testing.T) {
	f := func(content, want string) {
		t.Helper()
		got, ok := AppendLeaf([]byte("before"), []byte(content), "42")
		if !ok || string(got) != "before"+want {
			t.Errorf("%q became %q, %v; want %q", content, got, ok, want)
		}
	}
	const new = "\x0342\x00"
	f("\x03480\x00", new)
	f("\x03\x00", new)                                               // empty text is text
	f("\x034\x00\x0380\x00", new)                                    // split
	f("\x034\x00\xc3\x0280", new)                                    // split, the second OPAQUE
	f("\xc3\x03480", new)                                            // OPAQUE
	f("\xc3\x80\x80\x03480", new)                                    // its length with leading zero groups
	f("\xc3\x00", new)                                               // of no bytes
	f("\xc3\x81\x00"+strings.Repeat("\x03", 128), new)               // a length of two bytes
	f("\x00\x0d\x03480\x00\x00\x02", "\x00\x0d"+new+"\x00\x02")      // pages around it
	f("\x034\x00\x00\x02\x0380\x00\x00\x0d", new+"\x00\x02\x00\x0d") // and between
}

func TestWhatIsNoLeafIsLeftAlone(t *testing.T) {
	for _, content := range []string{
		"", "\x00", "\x00\x0d", "\x03480", "\xc3", "\xc3\x80", "\xc3\x04480", "\x48\x03480\x00\x01", "\x01", "\x83\x00", "480",
		"\x03480\x00\x01", "\x03480\x00\xc3\xff\xff\xff\xff\xff\xff", "\xc3\x8f\xff\xff\xff\x7fx",
	} {
		if got, ok := AppendLeaf([]byte("before"), []byte(content), "42"); ok || string(got) != "before" {
			t.Errorf("%q became %q", content, got)
		}
	}
	if got, ok := AppendLeaf(nil, []byte("\x03480\x00"), "4\x002"); ok || len(got) != 0 {
		t.Errorf("a text that ends in its middle became %q", got)
	}
}

func TestAnElementIsItsTagItsTextAndItsEnd(t *testing.T) {
	if got, ok := AppendElement([]byte("before"), 0x08, "480"); !ok || string(got) != "before\x48\x03480\x00\x01" {
		t.Errorf("%q, %v", got, ok)
	}
	for _, tag := range []byte{0, 0x04, 0x40, 0x48, 0xff} {
		if got, ok := AppendElement([]byte("before"), tag, "480"); ok || string(got) != "before" {
			t.Errorf("tag %#02x: %q", tag, got)
		}
	}
	if got, ok := AppendElement([]byte("before"), 0x08, "4\x00"); ok || string(got) != "before" {
		t.Errorf("a zero byte: %q", got)
	}
}

// FuzzLeaf: whatever the content, what replaces it reads as one text of the new
// words, and the page that is left behind is the same.
func FuzzLeaf(f *testing.F) {
	for _, content := range []string{"\x03480\x00", "\x034\x00\xc3\x0280", "\x00\x0d\x03480\x00\x00\x02", "\xc3\x80\x03480", "\x034\x00\x00\x02\x0380\x00", "\xc3\x010\x01\x48"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		got, ok := AppendLeaf(nil, content, "42")
		was, wasPage := leafText(content)
		if leaf := wasPage >= 0 && was != nil; leaf != ok {
			t.Fatalf("%x: replaced %v, but the decoder says %v", content, ok, leaf)
		}
		if !ok {
			return
		}
		if text, page := leafText(got); string(text) != "42" || page != wasPage {
			t.Errorf("%x became %x: text %q, page %d, which was %d", content, got, text, page, wasPage)
		}
		if again, _ := AppendLeaf(nil, got, "42"); !bytes.Equal(again, got) {
			t.Errorf("%x became %x and then %x", content, got, again)
		}
	})
}

// leafText has the decoder read content as an element's, and gives its text (nil
// without any) and the page of an element behind it, -1 if this is no leaf.
func leafText(content []byte) (text []byte, page int) {
	const before, after = header + "\x00\x0d\x45\x48", "\x01\x0f\x01"
	var d Decoder
	d.Reset([]byte(before+string(content)+after), Limits{})
	leaf, page := false, -1
	for {
		tok, err := d.Next()
		switch {
		case err == io.EOF && leaf:
			return text, page
		case err != nil, tok.Kind == Start && (d.Depth() > 2 || d.Depth() == 2 && tok.Empty):
			return nil, -1
		case tok.Kind == Text && d.Depth() == 2:
			text = append(append([]byte{}, text...), tok.Data...)
		case tok.Kind == End && d.Depth() == 1 && tok.Tag == 0x08:
			if tok.Offset != int64(len(before)+len(content)) {
				return nil, -1 // content ends the element itself, and may begin another one
			}
			leaf = true
		case tok.Kind == Start && leaf:
			page = int(tok.Page)
		}
	}
}
