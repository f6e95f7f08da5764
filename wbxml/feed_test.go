package wbxml

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// kinds reads all that is there now and tells it in short: S and E for tags, e for an empty one, text as it is,
// "+" behind a piece that goes on.
func kinds(t *testing.T, d *Decoder) (string, error) {
	t.Helper()
	var s strings.Builder
	for {
		tok, err := d.Next()
		if err != nil {
			return s.String(), err
		}
		switch {
		case tok.Empty:
			s.WriteString("e")
		case tok.Kind == Text:
			s.Write(tok.Data)
		default:
			s.WriteByte(tok.Kind.String()[0])
		}
		if tok.More {
			s.WriteByte('+')
		}
	}
}

func TestFedBytesGiveTheirTokensAtOnce(t *testing.T) {
	var d Decoder
	d.ResetFeed(Limits{})
	for _, step := range []struct {
		feed, want string
		err        error
	}{
		{"", "", ErrMore},
		{"03 01 6A", "", ErrMore},
		{"00 00", "", ErrMore},
		{"0D 45 48", "SS", ErrMore},
		{"03'4'", "4+", ErrMore},
		{"", "", ErrMore},
		{"'8'", "8+", ErrMore},
		{"'0'00", "0", ErrMore},
		{"C3 80", "", ErrMore},
		{"03'a'", "a+", ErrMore},
		{"'bc'", "bc", ErrMore},
		{"03'd'", "d+", ErrMore},
		{"00", "", ErrMore}, // an empty last piece: only the terminator was missing
		{"01 09", "Ee", ErrMore},
		{"01'trailing'", "E", io.EOF},
		{"'more of it'", "", io.EOF},
	} {
		d.Feed(unhex(t, step.feed))
		if got, err := kinds(t, &d); got != step.want || err != step.err {
			t.Fatalf("after %s: %q, %v; want %q, %v", step.feed, got, err, step.want, step.err)
		}
	}
	if d.Trailing() != 18 || d.Depth() != 0 {
		t.Errorf("%d trailing bytes, depth %d; want 18, 0", d.Trailing(), d.Depth())
	}
}

func TestALongStringComesInPiecesFromAReader(t *testing.T) {
	long := strings.Repeat("0123456789", 5000)
	var e Encoder = AppendTo(nil)
	e.Start(0, 0x05)
	e.Text(long)
	e.Opaque([]byte(long))
	e.End()
	var d Decoder
	d.ResetReader(bytes.NewReader(e.Bytes()), Limits{})
	got, err := kinds(t, &d)
	if err != io.EOF || strings.Count(got, "+") < 4 {
		t.Fatalf("%d pieces go on, %v", strings.Count(got, "+"), err)
	}
	if strings.ReplaceAll(got, "+", "") != "S"+long+long+"E" {
		t.Error("the pieces are not the text")
	}
	if cap(d.own) != readSize {
		t.Errorf("buffer of %d bytes, want %d", cap(d.own), readSize)
	}
}

func TestFedBytesAreDroppedOnceTheDocumentIsOver(t *testing.T) {
	for _, doc := range []string{"03 01 6A 00 45 83", "03 01 6A 00 05"} {
		var d Decoder
		d.ResetFeed(Limits{})
		d.Feed(unhex(t, doc))
		if got, err := kinds(t, &d); got == "" || err == ErrMore {
			t.Fatalf("%q, %v", got, err)
		}
		for range 1000 {
			d.Feed(make([]byte, 1000))
		}
		if len(d.own) > 0 || len(d.buf) > 10 {
			t.Errorf("%s: %d bytes kept", doc, len(d.own)+len(d.buf))
		}
	}
}

func TestTrailingBytesAreCountedOnlyAfterTheRoot(t *testing.T) {
	var d Decoder
	d.Reset(unhex(t, "03 01 6A 00 45 01 00 00 00"), Limits{})
	if d.Trailing() != 0 {
		t.Error("bytes that are not read yet are not trailing")
	}
	if _, err := kinds(t, &d); err != io.EOF || d.Trailing() != 3 {
		t.Errorf("%v, %d trailing bytes, want 3", err, d.Trailing())
	}
}

// next reads up to the Start of tag.
func next(t *testing.T, d *Decoder, tag byte) {
	t.Helper()
	for {
		tok, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		if tok.Kind == Start && tok.Tag == tag {
			return
		}
	}
}

func TestSkipGoesToTheEndOfTheElementJustStarted(t *testing.T) {
	doc := unhex(t, ping+"FF")
	for tag, want := range map[byte]string{
		0x05: "",                // Ping: the whole document
		0x08: "SSS5ESEmailEEEE", // HeartbeatInterval
		0x09: "E",               // Folders
		0x0A: "EE",              // Folder
		0x0B: "SEmailEEEE",      // Id
		0x0C: "EEE",             // Class
	} {
		var d Decoder
		d.Reset(doc, Limits{})
		next(t, &d, tag)
		if err := d.Skip(); err != nil {
			t.Fatal(err)
		}
		if got, err := kinds(t, &d); got != want || err != io.EOF {
			t.Errorf("after 0x%02X: %q, %v; want %q", tag, got, err, want)
		}
	}
}

func TestSkipOfAnEmptyElementSkipsNothing(t *testing.T) {
	var d Decoder
	d.Reset(unhex(t, "03 01 6A 00 45 08 49 01 06 01"), Limits{})
	next(t, &d, 0x08)
	if err := d.Skip(); err != nil {
		t.Fatal(err)
	}
	if got, err := kinds(t, &d); got != "SEeE" || err != io.EOF {
		t.Errorf("%q, %v", got, err)
	}
}

// 13:05[13:08 13:09[13:0A]] : the empty element before must not make Skip believe that there is nothing to skip,
// and a second Skip means the element around.
func TestSkipLooksOnlyAtTheLastToken(t *testing.T) {
	doc := unhex(t, "03 01 6A 00 00 0D 45 08 49 0A 01 06 01")
	for _, c := range []struct {
		tag   byte
		skips int
		want  string
	}{{0x09, 1, "eE"}, {0x0A, 2, "eE"}, {0x08, 2, ""}, {0x06, 2, ""}} {
		var d Decoder
		d.Reset(doc, Limits{})
		next(t, &d, c.tag)
		for range c.skips {
			if err := d.Skip(); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := kinds(t, &d); got != c.want || err != io.EOF {
			t.Errorf("%d skips from 0x%02X: %q, %v; want %q", c.skips, c.tag, got, err, c.want)
		}
	}
}

func TestNextInTheMiddleOfASkipGivesItUp(t *testing.T) {
	var d Decoder
	d.ResetFeed(Limits{})
	d.Feed(unhex(t, "03 01 6A 00 45 46"))
	next(t, &d, 0x06)
	if err := d.Skip(); err != ErrMore {
		t.Fatal(err)
	}
	d.Feed(unhex(t, "47 48"))
	next(t, &d, 0x08)
	d.Feed(unhex(t, "01 01 01 01"))
	if err := d.Skip(); err != nil || d.Depth() != 3 {
		t.Errorf("%v, depth %d: it is 0x08 that was to be skipped", err, d.Depth())
	}
}

// Nothing is missing after the length of an empty OPAQUE; a reader that waited for one more byte could wait for ever.
func TestAnEmptyOpaqueIsCompleteWithItsLength(t *testing.T) {
	var d Decoder
	d.ResetFeed(Limits{})
	d.Feed(unhex(t, "03 01 6A 00 45 C3 00"))
	next(t, &d, 0x05)
	if tok, err := d.Next(); err != nil || tok.Kind != Text || !tok.Opaque || tok.More || len(tok.Data) > 0 {
		t.Errorf("%v, %v", tok, err)
	}
}

func TestSkipAfterTextLeavesTheElementAroundIt(t *testing.T) {
	var d Decoder
	d.Reset(unhex(t, ping), Limits{})
	next(t, &d, 0x0B)
	d.Next() // "5"
	if err := d.Skip(); err != nil {
		t.Fatal(err)
	}
	if got, _ := kinds(t, &d); got != "SEmailEEEE" {
		t.Errorf("%q", got)
	}
}

func TestSkipGoesOnWhereItWaitedForInput(t *testing.T) {
	doc := unhex(t, ping)
	var d Decoder
	d.ResetFeed(Limits{})
	d.Feed(doc[:16])
	next(t, &d, 0x09)
	waits := 0
	for i := 16; ; i++ {
		err := d.Skip()
		if err == nil {
			break
		}
		if err != ErrMore {
			t.Fatal(err)
		}
		waits++
		d.Feed(doc[i : i+1])
	}
	if d.Depth() != 1 || waits < 10 {
		t.Fatalf("depth %d after %d waits, want 1", d.Depth(), waits)
	}
	d.Feed(doc[len(doc)-1:])
	if got, err := kinds(t, &d); got != "E" || err != io.EOF {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSkipSeesWhatIsBroken(t *testing.T) {
	var d Decoder
	d.Reset(unhex(t, "03 01 6A 00 45 46 83"), Limits{})
	next(t, &d, 0x05)
	if err := d.Skip(); reason(t, err) != GlobalToken {
		t.Errorf("%v", err)
	}
}
