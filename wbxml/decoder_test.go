package wbxml

import (
	"encoding/hex"
	"io"
	"strings"
	"testing"
)

// unhex turns "03 01 6A 00" into bytes; 'text' in quotes stands for itself.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	var doc []byte
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

const ping = "03 01 6A 00 00 0D 45 48 03'480'00 01 49 4A 4B 03'5'00 01 4C 03'Email'00 01 01 01 01"

func TestATokenSaysWhereItStands(t *testing.T) {
	doc := unhex(t, "03 01 6A 00 00 0D 45 48 03'480'00 01 09 4B C3 02'5a'01 01")
	want := []event{
		{Start, 13, 0x05, false, false, "", 6},
		{Start, 13, 0x08, false, false, "", 7},
		{Text, 13, 0x08, false, false, "480", 9},
		{End, 13, 0x08, false, false, "", 13},
		{Start, 13, 0x09, true, false, "", 14},
		{Start, 13, 0x0B, false, false, "", 15},
		{Text, 13, 0x0B, false, true, "5a", 18},
		{End, 13, 0x0B, false, false, "", 20},
		{End, 13, 0x05, false, false, "", 21},
	}
	got := allModes(t, doc, Limits{}, 1)
	if got.err != nil || len(got.events) != len(want) {
		t.Fatalf("%v, %v", got.events, got.err)
	}
	for i, e := range want {
		if got.events[i] != e {
			t.Errorf("token %d: %v, want %v", i, got.events[i], e)
		}
		if e.Kind == Text && string(doc[e.Offset:][:len(e.Data)]) != e.Data {
			t.Errorf("token %d: offset %d is not that of its data", i, e.Offset)
		}
	}
}

// Every document here says 13:05(13:08("480")) in a form that devices, servers or their libraries have been seen to
// write, or that the standard allows.
func TestOddButLegalFormsAreRead(t *testing.T) {
	const body = "45 48 03'480'00 01 01"
	for name, doc := range map[string]string{
		"as it should be":                   "03 01 6A 00 00 0D" + body,
		"WBXML 1.1":                         "01 01 6A 00 00 0D" + body,
		"WBXML 1.2":                         "02 01 6A 00 00 0D" + body,
		"charset unknown":                   "03 01 00 00 00 0D" + body,
		"overlong header numbers":           "03 80 01 80 80 80 6A 80 80 80 80 00 00 0D" + body,
		"string table that nobody uses":     "03 01 6A 04 'abc'00 00 0D" + body,
		"public id in the string table":     "03 00 00 6A 21'-//MICROSOFT//DTD ActiveSync//EN'00 00 0D" + body,
		"switches before the root":          "03 01 6A 00 00 00 00 07 00 19 00 0D" + body,
		"switch to the page that is on":     "03 01 6A 00 00 0D 45 00 0D 48 03'480'00 01 01",
		"switch there and back":             "03 01 6A 00 00 0D 45 00 00 00 0D 48 03'480'00 01 01",
		"switches around text":              "03 01 6A 00 00 0D 45 48 00 0D 03'480'00 00 00 01 01",
		"switch before the last END":        "03 01 6A 00 00 0D 45 48 03'480'00 01 00 01 01",
		"interval as OPAQUE":                "03 01 6A 00 00 0D 45 48 C3 03'480'01 01",
		"OPAQUE with an overlong length":    "03 01 6A 00 00 0D 45 48 C3 80 80 80 80 03'480'01 01",
		"text in three parts":               "03 01 6A 00 00 0D 45 48 03'4'00 C3 01'8'03'0'00 01 01",
		"empty strings between":             "03 01 6A 00 00 0D 45 48 03 00 03'480'00 C3 00 01 01",
		"zeros after the root":              "03 01 6A 00 00 0D" + body + "00 00 00",
		"ENDs after the root":               "03 01 6A 00 00 0D" + body + "01 01",
		"another document after the root":   "03 01 6A 00 00 0D" + body + ping,
		"a global token after the root":     "03 01 6A 00 00 0D" + body + "83 00",
		"half an mb_u_int32 after the root": "03 01 6A 00 00 0D" + body + "C3 FF",
	} {
		got := allModes(t, unhex(t, doc), Limits{}, 2)
		if got.err != nil {
			t.Errorf("%s: %v", name, got.err)
		} else if s := tree(got.events).String(); s != `13:05[13:08["480"]]` {
			t.Errorf("%s: %s", name, s)
		}
	}
}

func TestEmptyElementsAreReadInBothForms(t *testing.T) {
	for doc, want := range map[string]string{
		"03 01 6A 00 00 0D 05":                "13:05",
		"03 01 6A 00 00 0D 45 01":             "13:05",
		"03 01 6A 00 00 0D 45 09 49 01 09 01": "13:05[13:09 13:09 13:09]",
	} {
		got := allModes(t, unhex(t, doc), Limits{}, 3)
		if got.err != nil || tree(got.events).String() != want {
			t.Errorf("%s: %v, %v; want %s", doc, got.events, got.err, want)
		}
	}
}

// A page holds until the next SWITCH_PAGE, also across the END of the element in which it was switched.
func TestAPageOutlivesTheElementItWasSwitchedIn(t *testing.T) {
	got := allModes(t, unhex(t, "03 01 6A 00 45 00 11 46 01 47 01 01"), Limits{}, 4)
	if got.err != nil || tree(got.events).String() != "0:05[17:06 17:07]" {
		t.Fatalf("%v, %v", got.events, got.err)
	}
	last := got.events[len(got.events)-1]
	if last.Kind != End || last.Page != 0 || last.Tag != 0x05 {
		t.Errorf("the root's End is %v; it must name the element that ends, not the page that is on", last)
	}
}

func TestPingIsReadWithoutAllocating(t *testing.T) {
	doc := unhex(t, ping)
	var d Decoder
	tokens := 0
	if n := testing.AllocsPerRun(100, func() {
		d.Reset(doc, Limits{})
		for tokens = 0; ; tokens++ {
			if _, err := d.Next(); err == io.EOF {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}); n != 0 || tokens != 15 {
		t.Fatalf("%v allocations for %d tokens, want 0 for 15", n, tokens)
	}
}

func TestAUsedDecoderReadsAReaderWithoutAllocating(t *testing.T) {
	var d Decoder
	r := strings.NewReader(string(unhex(t, ping)))
	if n := testing.AllocsPerRun(100, func() {
		r.Seek(0, io.SeekStart)
		d.ResetReader(r, Limits{})
		if _, err := d.Next(); err != nil {
			t.Fatal(err)
		}
		if err := d.Skip(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Fatalf("%v allocations, want 0: the buffer of the document before is to be used again", n)
	}
}

func BenchmarkPing(b *testing.B) {
	doc := unhex(b, ping)
	var d Decoder
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		d.Reset(doc, Limits{})
		for {
			if _, err := d.Next(); err != nil {
				break
			}
		}
	}
}
