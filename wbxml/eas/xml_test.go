package eas

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/diastole/diastole/wbxml"
)

// printed is WriteXML of a document in memory.
func printed(doc []byte) (string, error) {
	var d wbxml.Decoder
	d.Reset(doc, wbxml.Limits{})
	var out strings.Builder
	err := WriteXML(&out, &d)
	return out.String(), err
}

// body turns hex, with 'text' in quotes, into a document with the usual header.
func body(t testing.TB, s string) []byte {
	t.Helper()
	doc := []byte{0x03, 0x01, 0x6A, 0x00}
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			doc = append(doc, part...)
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(part, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		doc = append(doc, b...)
	}
	return doc
}

func TestXMLIsLaidOutForReading(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"a leaf stands on its line", "00 0D 45 48 03'480'00 01 01", `
<Ping xmlns="Ping">
  <HeartbeatInterval>480</HeartbeatInterval>
</Ping>`},
		{"empty in both forms", "00 0D 45 09 49 01 4A 03 00 01 4B C3 00 01 01", `
<Ping xmlns="Ping">
  <Folders/>
  <Folders/>
  <Folder/>
  <Id/>
</Ping>`},
		{"an empty root", "00 0D 05", `<Ping xmlns="Ping"/>`},
		{"a page is named where it changes", "45 00 11 45 46 03'1'00 01 01 00 00 5C 4F 00 02 54 03'x'00 01 01 01 01", `
<Sync xmlns="AirSync">
  <BodyPreference xmlns="AirSyncBase">
    <Type>1</Type>
  </BodyPreference>
  <Collections>
    <Collection>
      <Subject xmlns="Email">x</Subject>
    </Collection>
  </Collections>
</Sync>`},
		{"unknown tags and pages", "7F 7E 00 63 4A 03'q'00 01 0B 01 01", `
<x3F xmlns="AirSync">
  <x3E>
    <x0A xmlns="page99">q</x0A>
    <x0B xmlns="page99"/>
  </x3E>
</x3F>`},
		{"text split in parts is one text", "45 03'a'00 C3 01'b'03 00 03'c'00 01", `<Sync xmlns="AirSync">abc</Sync>`},
		{"text between elements", "45 03'a'00 07 03'b'00 47 03'c'00 01 01", `
<Sync xmlns="AirSync">a
  <Add/>b
  <Add>c</Add>
</Sync>`},
	} {
		got, err := printed(body(t, c.doc))
		if want := strings.TrimPrefix(c.want, "\n") + "\n"; err != nil || got != want {
			t.Errorf("%s: %v\n got:\n%s\nwant:\n%s", c.name, err, got, want)
		}
	}
}

func TestTextIsShownAsFarAsXMLCanHoldIt(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "03 'Jürgen 日本 😀' 00", "Jürgen 日本 😀"},
		{"markup", "03 '<b>&amp;\"</b>' 00", "&lt;b&gt;&amp;amp;\"&lt;/b&gt;"},
		{"line ends and tabs", "03 'a' 0D 0A 09 'b' 00", "a&#xD;\n\tb"},
		{"control characters", "03 1B '[31m' 07 7F C2 9B 00", "<!--x1B-->[31m<!--x07-->&#x7F;&#x9B;"},
		{"writing direction turned round", "03 'gpj.' E2 80 AE 'exe' 00", "gpj.&#x202E;exe"},
		{"not UTF-8", "03 'a' FF C3 'b' 00", "a<!--xFF--><!--xC3-->b"},
		{"surrogate and nonsense lengths", "03 ED A0 80 C0 80 00", "<!--xED--><!--xA0--><!--x80--><!--xC0--><!--x80-->"},
		{"U+FFFF is no XML character, U+FFFD is", "03 EF BF BF EF BF BD 00", "<!--xEF--><!--xBF--><!--xBF-->\uFFFD"},
		{"a character cut between strings", "03 E6 97 00 03 A5 00", "日"},
		{"a character that is never completed", "03 E6 97 00 C3 01 41", "<!--xE6--><!--x97-->A"},
		{"a character cut off by the END", "03 'a' E6 97 00", "a<!--xE6--><!--x97-->"},
		{"OPAQUE that is text", "C3 07 'a' 0D 0A 'ü' 09 '.'", "a&#xD;\nü\t."},
		{"OPAQUE that is not", "C3 03 11 22 33", "<!--opaque:112233-->"},
		{"OPAQUE with half a character", "C3 02 41 E6", "<!--opaque:41e6-->"},
		{"OPAQUE between text", "03 'a' E6 00 C3 02 00 FF 03 'b' 00", "a<!--xE6--><!--opaque:00ff-->b"},
	} {
		got, err := printed(body(t, "45"+c.text+"01"))
		if want := `<Sync xmlns="AirSync">` + c.want + "</Sync>\n"; err != nil || got != want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, want)
		}
	}
}

// 512 bytes decide; what follows is printed the same way, whether it comes in one piece or byte by byte.
func TestALongOpaqueIsTextOrHexByItsBeginning(t *testing.T) {
	mime := strings.Repeat("Subject: 日本\n", 100)
	opaque := func(s string) []byte {
		e := wbxml.AppendTo(nil)
		e.Start(0, 0x05)
		e.Opaque([]byte(s))
		e.End()
		return e.Bytes()
	}
	for name, c := range map[string]struct{ data, want string }{
		"text":                {mime, mime},
		"text, later a byte":  {mime + "\x01", mime + "<!--x01-->"},
		"binary":              {"\x00" + mime, "<!--opaque:" + hex.EncodeToString([]byte("\x00"+mime)) + "-->"},
		"cut at the 512th":    {strings.Repeat("x", 511) + "日", strings.Repeat("x", 511) + "日"},
		"binary at the 513th": {strings.Repeat("x", 512) + "\x00", strings.Repeat("x", 512) + "<!--x00-->"},
		"binary at the 512th": {strings.Repeat("x", 511) + "\x00", "<!--opaque:" + strings.Repeat("78", 511) + "00-->"},
	} {
		got, err := printed(opaque(c.data))
		if want := `<Sync xmlns="AirSync">` + c.want + "</Sync>\n"; err != nil || got != want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, want)
		}
		if bytewise := printedBytewise(t, opaque(c.data)); bytewise != got {
			t.Errorf("%s: byte by byte it is\n%s", name, bytewise)
		}
	}
}

func printedBytewise(t testing.TB, doc []byte) string {
	t.Helper()
	var d wbxml.Decoder
	d.ResetReader(iotest.OneByteReader(bytes.NewReader(doc)), wbxml.Limits{})
	var out strings.Builder
	_ = WriteXML(&out, &d) // the error is compared by wbxml's own tests
	return out.String()
}

func TestWhatWasReadBeforeAnErrorIsPrinted(t *testing.T) {
	for _, c := range []struct{ doc, want, err string }{
		{"00 0D 45 48 03'480'00 01 49 83 00", `
<Ping xmlns="Ping">
  <HeartbeatInterval>480</HeartbeatInterval>
  <Folders>
`, "wbxml: byte 15: token STR_T (0x83) is never used by ActiveSync"},
		{"45 4B 03'abc'", `
<Sync xmlns="AirSync">
  <SyncKey>abc
`, "wbxml: byte 10: document ends before its root element does"},
		{"45 C3 05 00 01", `
<Sync xmlns="AirSync"><!--opaque:0001-->
`, "wbxml: byte 9: document ends before its root element does"},
		{"01", "", "wbxml: byte 4: END before any element"},
	} {
		got, err := printed(body(t, c.doc))
		var syntax *wbxml.SyntaxError
		if !errors.As(err, &syntax) || err.Error() != c.err || got != strings.TrimPrefix(c.want, "\n") {
			t.Errorf("%s: %v\n%s\nwant %s\n%s", c.doc, err, got, c.err, c.want)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestAFailedWriteOfXMLIsToldFirst(t *testing.T) {
	var d wbxml.Decoder
	d.Reset(body(t, "45 83"), wbxml.Limits{})
	if err := WriteXML(fullDisk{}, &d); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v", err)
	}
}
