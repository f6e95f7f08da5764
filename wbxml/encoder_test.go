package wbxml

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// writePing writes the request of two folders that is worked out by hand below.
func writePing(e *Encoder) {
	e.Start(13, 0x05)
	e.Leaf(13, 0x08, "480")
	e.Start(13, 0x09)
	for _, f := range [][2]string{{"5", "Email"}, {"1", "Calendar"}} {
		e.Start(13, 0x0A)
		e.Leaf(13, 0x0B, f[0])
		e.Leaf(13, 0x0C, f[1])
		e.End()
	}
	e.End()
	e.End()
}

// Assembled by hand and read both ways by libwbxml 0.11.8.
const twoFolders = `03 01 6A 00 00 0D 45 48 03 34 38 30 00 01 49 4A 4B 03 35 00 01 4C 03 45 6D 61 69 6C 00 01 01
	4A 4B 03 31 00 01 4C 03 43 61 6C 65 6E 64 61 72 00 01 01 01 01`

func TestPingIsWrittenAsOthersWriteIt(t *testing.T) {
	want := unhex(t, strings.NewReplacer("\n", "", "\t", "").Replace(twoFolders))
	e := AppendTo([]byte("before"))
	writePing(&e)
	if got := e.Bytes(); e.Err() != nil || string(got) != "before"+string(want) {
		t.Errorf("% x, %v", got, e.Err())
	}
	var out bytes.Buffer
	w := NewEncoder(&out)
	writePing(w)
	if err := w.Flush(); err != nil || !bytes.Equal(out.Bytes(), want) {
		t.Errorf("% x, %v", out.Bytes(), err)
	}
}

func TestPagesAreSwitchedOnlyWhereTheyChange(t *testing.T) {
	e := AppendTo(nil)
	e.Start(0, 0x05)
	e.Empty(17, 0x05)
	e.Empty(17, 0x06)
	e.Start(0, 0x07)
	e.End()
	e.End()
	if want := unhex(t, "03 01 6A 00 45 00 11 05 06 00 00 47 01 01"); !bytes.Equal(e.Bytes(), want) || e.Err() != nil {
		t.Errorf("% x, %v", e.Bytes(), e.Err())
	}
}

func TestOpaqueLengthsAreTheShortestNumbers(t *testing.T) {
	for n, want := range map[uint32]string{
		0: "00", 1: "01", 0x7F: "7F", 0x80: "81 00", 0x3FFF: "FF 7F", 0x4000: "81 80 00",
		1 << 21: "81 80 80 00", 1 << 28: "81 80 80 80 00", 1<<32 - 1: "8F FF FF FF 7F",
	} {
		got := appendMbUint(nil, n)
		if !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("%d: % x, want %s", n, got, want)
		}
		var m mbUint
		for i, b := range got {
			done, bad := m.add(b, 0)
			if bad != "" || done != (i == len(got)-1) {
				t.Errorf("%d: byte %d: %v, %q", n, i, done, bad)
			}
		}
		if back := m.take(); back != n {
			t.Errorf("%d is read back as %d", n, back)
		}
	}
}

func TestAMistakeSticksAndNothingIsWrittenAfterIt(t *testing.T) {
	for want, mistake := range map[string]func(e *Encoder){
		"End without Start":                              func(e *Encoder) { e.End() },
		"a second root element":                          func(e *Encoder) { e.Empty(0, 0x05); e.Start(0, 0x05) },
		"Text outside of an element":                     func(e *Encoder) { e.Text("x") },
		"Opaque outside of an element":                   func(e *Encoder) { e.Empty(0, 0x05); e.Opaque([]byte("x")) },
		"text holds a zero byte; write it as Opaque":     func(e *Encoder) { e.Start(0, 0x05); e.Text("a\x00b") },
		"0x04 is no tag (0x05 to 0x3F)":                  func(e *Encoder) { e.Start(0, 0x04) },
		"0x45 is no tag (0x05 to 0x3F)":                  func(e *Encoder) { e.Empty(0, 0x45) },
		"document is not complete: 0 elements open":      func(*Encoder) {},
		"document is not complete: 2 elements open":      func(e *Encoder) { e.Start(0, 0x05); e.Start(0, 0x06) },
		"Text outside of an element\x00the first sticks": func(e *Encoder) { e.Text("x"); e.End(); e.Start(0, 0x01) },
	} {
		want, _, _ = strings.Cut(want, "\x00")
		e := AppendTo(nil)
		mistake(&e)
		if e.Err() == nil || e.Err().Error() != "wbxml: encode: "+want {
			t.Errorf("got %v, want %s", e.Err(), want)
		}
		if strings.HasPrefix(want, "document") {
			continue // may still go on
		}
		size := len(e.Bytes())
		e.Start(1, 0x05)
		e.Empty(1, 0x05)
		e.End()
		if len(e.Bytes()) != size {
			t.Errorf("%s: something was written after it", want)
		}
	}
}

type brokenPipe struct{ calls int }

func (w *brokenPipe) Write([]byte) (int, error) {
	w.calls++
	return 0, io.ErrClosedPipe
}

func TestAFailedWriteSticks(t *testing.T) {
	var w brokenPipe
	e := NewEncoder(&w)
	e.Start(0, 0x05)
	for range 100 {
		e.Text(strings.Repeat("x", 1000))
	}
	e.End()
	if err := e.Flush(); !errors.Is(err, io.ErrClosedPipe) || w.calls != 1 {
		t.Errorf("%v after %d writes", err, w.calls)
	}
}

// largest remembers the longest single write.
type largest struct{ n, total int }

func (w *largest) Write(p []byte) (int, error) {
	w.n, w.total = max(w.n, len(p)), w.total+len(p)
	return len(p), nil
}

func TestAnEncoderOverAWriterStaysSmall(t *testing.T) {
	var w largest
	e := NewEncoder(&w)
	e.Start(0, 0x05)
	for range 100_000 {
		e.Leaf(0, 0x06, "0123456789")
	}
	e.End()
	if err := e.Flush(); err != nil || w.n > flushSize+32 || w.total < 1_000_000 {
		t.Errorf("%v; %d bytes, the longest write %d", err, w.total, w.n)
	}
}

func TestPingIsWrittenWithoutAllocating(t *testing.T) {
	buf := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		e := AppendTo(buf)
		writePing(&e)
		if e.Err() != nil {
			t.Fatal(e.Err())
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// What has no meaning on its own (an element around nothing, text of nothing) is still a document.
func TestLeafOfNothingIsAnEmptyElement(t *testing.T) {
	e := AppendTo(nil)
	e.Start(0, 0x05)
	e.Leaf(0, 0x0B, "")
	e.End()
	if want := unhex(t, "03 01 6A 00 45 0B 01"); !bytes.Equal(e.Bytes(), want) {
		t.Errorf("% x", e.Bytes())
	}
}
