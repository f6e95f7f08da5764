package wbxml

import (
	"bytes"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
)

func TestLimitsHaveDefaultFloorAndCeiling(t *testing.T) {
	huge := Limits{Bytes: math.MaxInt64, Depth: math.MaxInt, Text: math.MaxInt, Elements: math.MaxInt}
	for _, c := range []struct{ asked, want Limits }{
		{Limits{}, Limits{16 << 20, 64, 16 << 20, 1_000_000}},
		{Limits{-1, -1, -1, -1}, Limits{64, 16, 64, 64}},
		{Limits{1, 1, 1, 1}, Limits{64, 16, 64, 64}},
		{Limits{100, 17, 100, 100}, Limits{100, 17, 100, 100}},
		{huge, Limits{1 << 40, 256, math.MaxInt32, 1_000_000_000}},
	} {
		if got := c.asked.clip(); got != c.want {
			t.Errorf("%v is clipped to %v, want %v", c.asked, got, c.want)
		}
	}
}

// Each document is as large as its limit allows, and then one larger.
func TestEachLimitHoldsToTheByte(t *testing.T) {
	const head = "\x03\x01\x6A\x00\x45"
	text := func(n int) string { return head + "\x03" + strings.Repeat("x", n) + "\x00\x01" }
	opaque := func(n int) string { return head + "\xC3" + string(rune(n)) + strings.Repeat("x", n) + "\x01" }
	deep := func(n int) string {
		return head[:4] + strings.Repeat("\x45", n) + strings.Repeat("\x01", n)
	}
	wide := func(n int) string { return head + strings.Repeat("\x06", n-1) + "\x01" }
	for _, c := range []struct {
		name   string
		l      Limits
		fits   string
		breaks string
		reason Reason
		at     int64
	}{
		{"bytes", Limits{Bytes: 100}, text(100 - 8), text(100 - 7), TooLarge, 100},
		{"bytes in OPAQUE", Limits{Bytes: 100}, opaque(100 - 8), opaque(100 - 7), TooLarge, 100},
		{"trailing bytes are free", Limits{Bytes: 64}, wide(59) + strings.Repeat("\x01", 99), wide(60), TooLarge, 64},
		{"text", Limits{Text: 70}, text(70), text(71), TextTooLong, 6},
		{"opaque", Limits{Text: 70}, opaque(70), opaque(71), TextTooLong, 6},
		{"depth", Limits{Depth: 20}, deep(20), deep(21), TooDeep, 24},
		{"depth, the most allowed", Limits{Depth: 999}, deep(256), deep(257), TooDeep, 260},
		{"elements", Limits{Elements: 80}, wide(80), wide(81), TooManyElements, 84},
	} {
		if got := allModes(t, []byte(c.fits), c.l, 7); got.err != nil {
			t.Errorf("%s: %v", c.name, got.err)
		}
		got := allModes(t, []byte(c.breaks), c.l, 8)
		if reason(t, got.err) != c.reason || got.err.(*SyntaxError).Offset != c.at {
			t.Errorf("%s: %v, want %v at %d", c.name, got.err, c.reason, c.at)
		}
	}
}

// An element without content is no level: a thousand of them in a row are not deep, and the deepest may hold some.
func TestEmptyElementsDoNotCountAsDepth(t *testing.T) {
	doc := "\x03\x01\x6A\x00" + strings.Repeat("\x45", 16) + strings.Repeat("\x06", 1000) + strings.Repeat("\x01", 16)
	if got := allModes(t, []byte(doc), Limits{Depth: 16}, 9); got.err != nil {
		t.Error(got.err)
	}
}

// Others were seen to take gigabytes for these, to overflow the stack or to abort.
func TestHostileDocumentsCostNoMemory(t *testing.T) {
	head := []byte("\x03\x01\x6A\x00\x45")
	docs := map[string][]byte{
		"100,000 open tags":           append(head, bytes.Repeat([]byte{0x49}, 100_000)...),
		"OPAQUE of 4 GiB":             append(head, 0xC3, 0x8F, 0xFF, 0xFF, 0xFF, 0x7F),
		"OPAQUE of 2 GiB, cut off":    append(head, 0xC3, 0x87, 0xFF, 0xFF, 0xFF, 0x7F, 'x'),
		"string table of 4 GiB":       []byte("\x03\x01\x6A\x8F\xFF\xFF\xFF\x7F"),
		"a million pages":             append(head, bytes.Repeat([]byte{0}, 2_000_000)...),
		"ENTITY 0xFFFFFFFF":           append(head, 0x02, 0x8F, 0xFF, 0xFF, 0xFF, 0x7F),
		"a number that never ends":    append(head, append([]byte{0xC3}, bytes.Repeat([]byte{0x80}, 100_000)...)...),
		"a million empty elements":    append(head, bytes.Repeat([]byte{0x09}, 1_000_000)...),
		"a million empty STR_I":       append(head, bytes.Repeat([]byte{0x03, 0x00}, 1_000_000)...),
		"a string of 1 MB, cut off":   append(head, append([]byte{0x03}, bytes.Repeat([]byte{'x'}, 1_000_000)...)...),
		"public id 4 GiB in no table": []byte("\x03\x00\x8F\xFF\xFF\xFF\x7F\x6A\x00\x45\x01"),
	}
	limits := Limits{Bytes: math.MaxInt64, Text: math.MaxInt, Depth: math.MaxInt}
	for name, doc := range docs {
		var d Decoder
		for mode, reset := range map[string]func(){
			"in memory": func() { d.Reset(doc, limits) },
			"reader":    func() { d.ResetReader(bytes.NewReader(doc), limits) },
			"fed":       func() { d.ResetFeed(limits); d.Feed(doc); d.FeedEOF() },
		} {
			spent := allocated(func() {
				for reset(); ; {
					if _, err := d.Next(); err == io.EOF {
						t.Errorf("%s: %s: accepted", name, mode)
						return
					} else if err != nil {
						return
					}
				}
			})
			if spent > 64<<10 {
				t.Errorf("%s: %s: %d bytes allocated", name, mode, spent)
			}
		}
	}
}

// allocated is how many bytes f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// endless is a Sync answer that never stops: items with a body of some kilobytes.
type endless struct {
	left   int
	within []byte
}

func (e *endless) Read(p []byte) (int, error) {
	item := "\x47\x4D\x031:1\x00\x01\xC3\xB2\x00" + strings.Repeat("mime", 1600) + "\x01"
	for n := 0; ; {
		if len(e.within) == 0 {
			if e.left <= 0 {
				return n, io.EOF
			}
			e.within = []byte(item)
		}
		k := copy(p[n:], e.within)
		n, e.within, e.left = n+k, e.within[k:], e.left-k
		if n == len(p) {
			return n, nil
		}
	}
}

func TestAStreamOfAnySizeTakesConstantMemory(t *testing.T) {
	const size = 32 << 20
	stream := io.MultiReader(strings.NewReader("\x03\x01\x6A\x00\x45"), &endless{left: size}, strings.NewReader("\x01"))
	feed := make([]byte, 1500) // as a network gives it
	var d Decoder
	var text int64
	d.ResetFeed(Limits{Bytes: 1 << 30})
	for {
		tok, err := d.Next()
		if err == ErrMore {
			n, _ := stream.Read(feed)
			d.Feed(feed[:n])
			continue
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text += int64(len(tok.Data))
	}
	if text < size*9/10 || d.own != nil {
		t.Errorf("%d bytes of text; %d bytes kept", text, cap(d.own))
	}
}
