package wbxml

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestBrokenDocumentsAreRefusedWithPlaceAndReason(t *testing.T) {
	for _, c := range []struct {
		doc  string
		want string // Reason, then the message after "wbxml: "
	}{
		{"", "truncated: byte 0: document ends before its root element does"},
		{"03", "truncated: byte 1: document ends before its root element does"},
		{"03 01 6A", "truncated: byte 3: document ends before its root element does"},
		{"03 01 6A 00", "truncated: byte 4: document ends before its root element does"},
		{"03 01 6A 00 00", "truncated: byte 5: document ends before its root element does"},
		{"03 01 6A 00 00 0D", "truncated: byte 6: document ends before its root element does"},
		{"03 01 6A 00 00 0D 45", "truncated: byte 7: document ends before its root element does"},
		{"03 01 6A 00 45 03'ab'", "truncated: byte 8: document ends before its root element does"},
		{"03 01 6A 00 45 C3", "truncated: byte 6: document ends before its root element does"},
		{"03 01 6A 00 45 C3 81", "truncated: byte 7: document ends before its root element does"},
		{"03 01 6A 00 45 C3 05'ab'", "truncated: byte 9: document ends before its root element does"},
		{"03 01 6A 05'ab'", "truncated: byte 6: document ends before its root element does"},
		{"00 01 6A 00 45 01", "bad-header: byte 0: 0x00 is no WBXML version (1 to 3); is this WBXML at all?"},
		{"04 01 6A 00 45 01", "bad-header: byte 0: 0x04 is no WBXML version (1 to 3); is this WBXML at all?"},
		{"'<?xml version='", "bad-header: byte 0: 0x3C is no WBXML version (1 to 3); is this WBXML at all?"},
		{"1F 8B 08 00", "bad-header: byte 0: 0x1F is no WBXML version (1 to 3); is this WBXML at all?"},
		{"03 04 6A 00 45 01", "bad-header: byte 1: public id 4 is another document type than ActiveSync's (1)"},
		{"03 01 04 00 45 01", "bad-header: byte 2: charset 4 is not UTF-8 (106)"},
		{"03 01 87 68 00 45 01", "bad-header: byte 2: charset 1000 is not UTF-8 (106)"},
		{"03 01 6A A0 01", "bad-header: byte 3: string table of 4097 bytes; ActiveSync uses none"},
		{"03 01 6A 8F FF FF FF 7F", "bad-header: byte 3: string table of 4294967295 bytes; ActiveSync uses none"},
		{"03 00 02 6A 02'a'00 45 01", "bad-header: byte 4: public id is at 2 of a string table of 2 bytes"},
		{"03 00 00 6A 00 45 01", "bad-header: byte 4: public id is at 0 of a string table of 0 bytes"},
		{"03 80 80 80 80 80 01", "mb-uint: byte 1: mb_u_int32 of more than 5 bytes"},
		{"03 01 6A 00 45 C3 81 81 81 81 81 03", "mb-uint: byte 6: mb_u_int32 of more than 5 bytes"},
		{"03 01 6A 00 45 C3 90 80 80 80 03'480'", "mb-uint: byte 6: mb_u_int32 of more than 32 bits"},
		{"03 01 6A 00 45 C3 8F FF FF FF 7F'480'",
			"text-too-long: byte 6: opaque data of 4294967295 bytes is longer than 16777216"},
		{"03 01 6A 00 01", "structure: byte 4: END before any element"},
		{"03 01 6A 00 03'480'00", "structure: byte 4: text before any element"},
		{"03 01 6A 00 C3 03'480'", "structure: byte 4: text before any element"},
		{"03 01 6A 00 45 88 06", "attributes: byte 5: tag 0x88 has attributes, which ActiveSync never uses"},
		{"03 01 6A 00 45 C8 06", "attributes: byte 5: tag 0xC8 has attributes, which ActiveSync never uses"},
	} {
		got := allModes(t, unhex(t, c.doc), Limits{}, 5)
		if s := fmt.Sprint(reason(t, got.err), ": ", strings.TrimPrefix(fmt.Sprint(got.err), "wbxml: ")); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.doc, s, c.want)
		}
	}
}

func TestGlobalTokensThatActiveSyncNeverUsesAreRefusedByName(t *testing.T) {
	names := map[byte]string{
		0x02: "ENTITY", 0x04: "LITERAL", 0x40: "EXT_I_0", 0x41: "EXT_I_1", 0x42: "EXT_I_2", 0x43: "PI", 0x44: "LITERAL_C",
		0x80: "EXT_T_0", 0x81: "EXT_T_1", 0x82: "EXT_T_2", 0x83: "STR_T", 0x84: "LITERAL_A",
		0xC0: "EXT_0", 0xC1: "EXT_1", 0xC2: "EXT_2", 0xC4: "LITERAL_AC",
	}
	for b, name := range names {
		for place, before := range map[int64]string{4: "03 01 6A 00", 5: "03 01 6A 00 45", 8: "03 01 6A 00 45 03'a'00"} {
			got := allModes(t, append(unhex(t, before), b, 0x00, 0x01), Limits{}, 6)
			want := fmt.Sprintf("wbxml: byte %d: token %s (0x%02X) is never used by ActiveSync", place, name, b)
			if fmt.Sprint(got.err) != want || reason(t, got.err) != GlobalToken {
				t.Errorf("got %v, want %s", got.err, want)
			}
		}
	}
	// Every other byte below 0x05 in its quarter is one of the four that are used.
	for b := range 256 {
		used := b == tokSwitchPage || b == tokEnd || b == tokStrI || b == tokOpaque
		if _, named := names[byte(b)]; b&tagMask < firstTag && named == used {
			t.Errorf("0x%02X is neither used nor refused by name", b)
		}
	}
}

func TestAnErrorIsFinal(t *testing.T) {
	var d Decoder
	d.Reset(unhex(t, "03 01 6A 00 45 83 00 01"), Limits{})
	d.Next()
	_, first := d.Next()
	_, second := d.Next()
	if reason(t, first) != GlobalToken || first != second || d.Skip() != first {
		t.Fatalf("%v, then %v", first, second)
	}
}

func TestAReadersErrorIsFinalToo(t *testing.T) {
	broken := errors.New("time-out")
	var d Decoder
	d.ResetReader(&bytesAndError{nil, broken}, Limits{})
	_, first := d.Next()
	d.r = strings.NewReader("\x03\x01\x6A\x00\x05") // as if it went on after all: it would be out of step
	if _, second := d.Next(); !errors.Is(first, broken) || first != second {
		t.Errorf("%v, then %v", first, second)
	}
}

func TestAFailingReaderIsNotASyntaxError(t *testing.T) {
	broken := errors.New("connection reset")
	doc := unhex(t, ping)[:20]
	got := fromReader(io.MultiReader(strings.NewReader(string(doc)), iotest.ErrReader(broken)), Limits{})
	if !errors.Is(got.err, broken) || got.err.Error() != "wbxml: byte 20: connection reset" {
		t.Errorf("got %v", got.err)
	}
	if len(got.events) != 8 {
		t.Errorf("%d tokens before the fault, want 8", len(got.events))
	}
}

// bytesAndError gives its error along with the last bytes, and nil afterwards, as the io.Reader contract allows.
type bytesAndError struct {
	doc []byte
	err error
}

func (r *bytesAndError) Read(p []byte) (int, error) {
	n, err := copy(p, r.doc), r.err
	r.doc, r.err = nil, nil
	return n, err
}

func TestAnErrorThatCameWithBytesIsNotLost(t *testing.T) {
	broken := errors.New("bad checksum")
	got := fromReader(&bytesAndError{unhex(t, ping)[:20], broken}, Limits{})
	if !errors.Is(got.err, broken) || len(got.events) != 8 {
		t.Errorf("%d tokens, %v", len(got.events), got.err)
	}
	got = fromReader(&bytesAndError{unhex(t, ping), broken}, Limits{})
	if got.err != nil || len(got.events) != 15 {
		t.Errorf("the document was whole before the fault: %d tokens, %v", len(got.events), got.err)
	}
}

func TestAReaderThatGivesNothingDoesNotHang(t *testing.T) {
	if got := fromReader(&bytesAndError{}, Limits{}); !errors.Is(got.err, io.ErrNoProgress) {
		t.Errorf("got %v", got.err)
	}
}

func TestReasonsAreMetricLabels(t *testing.T) {
	seen := map[string]bool{}
	for r := Truncated; r <= Structure; r++ {
		s := r.String()
		if s == "" || s == "unknown" || seen[s] || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("reason %d is %q", r, s)
		}
		seen[s] = true
	}
	if Reason(0).String() != "unknown" || Reason(200).String() != "unknown" {
		t.Error("a reason that is none has a name")
	}
}
