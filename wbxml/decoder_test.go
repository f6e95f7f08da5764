package wbxml

import (
	"encoding/hex"
	"io"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const pingHex = "03016A00 000D 45 48 0334383000 01 49 4A 4B 033500 01 4C 03456D61696C00 01 01 01 01"

func TestPingIsReadWithoutAllocating(t *testing.T) {
	doc := unhex(t, pingHex)
	var d Decoder
	if n := testing.AllocsPerRun(100, func() {
		d.Reset(doc, Limits{})
		for {
			if _, err := d.Next(); err != nil {
				if err != io.EOF {
					t.Fatal(err)
				}
				return
			}
		}
	}); n != 0 {
		t.Fatalf("%v allocations, want 0", n)
	}
}

func BenchmarkPing(b *testing.B) {
	doc := unhex(b, pingHex)
	var d Decoder
	b.ReportAllocs()
	for b.Loop() {
		d.Reset(doc, Limits{})
		for {
			if _, err := d.Next(); err != nil {
				break
			}
		}
	}
}
