package watch

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"github.com/diastole/diastole/wbxml/eas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is a Sync answer with a new key for folder 5.
var answer = (&eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: "5", SyncKey: "8", Status: 1, MoreAvailable: true}}}).Append(nil)

func gz(parts ...string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for _, p := range parts {
		_, _ = io.WriteString(z, p)
	}
	_ = z.Close()
	return b.String()
}

// read reads a body along to its end, and gives what passed.
func read(t *testing.T, body io.Reader, encoding string) (passed string, said eas.SyncResponse, err error) {
	t.Helper()
	a := ReadAlong(body, encoding)
	b, readErr := io.ReadAll(a)
	if readErr != nil && !errors.Is(readErr, errBroken) {
		t.Fatal(readErr)
	}
	said, err = a.Close()
	return string(b), said, err
}

var errBroken = errors.New("broken")

func TestAlongPassesEveryByteAndUnderstandsThem(t *testing.T) {
	for name, c := range map[string]struct{ body, encoding string }{
		"plain":                {string(answer), ""},
		"identity":             {string(answer), "identity"},
		"gzip":                 {gz(string(answer)), "gzip"},
		"GZIP":                 {gz(string(answer)), " GZip "},
		"x-gzip":               {gz(string(answer)), "x-gzip"},
		"gzip in parts":        {gz(string(answer[:9])) + gz(string(answer[9:])), "gzip"},
		"gzip and more behind": {gz(string(answer), strings.Repeat("padding", 1000)) + "tail", "gzip"},
		"plain and more":       {string(answer) + "tail", ""},
	} {
		for chunking, chunk := range map[string]func(io.Reader) io.Reader{
			"as it is": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader,
			"halves": iotest.HalfReader, "end with the last byte": iotest.DataErrReader,
		} {
			t.Run(name+"/"+chunking, func(t *testing.T) {
				passed, said, err := read(t, chunk(strings.NewReader(c.body)), c.encoding)
				if passed != c.body {
					t.Errorf("%d bytes passed, want %d", len(passed), len(c.body))
				}
				if err != nil || len(said.Collections) != 1 || said.Collections[0].SyncKey != "8" || !said.Changed() {
					t.Errorf("understood %+v, %v", said, err)
				}
				whole, err := ReadWhole([]byte(c.body), c.encoding)
				if err != nil || len(whole.Collections) != 1 || whole.Collections[0] != said.Collections[0] {
					t.Errorf("in one piece it is %+v, %v", whole, err)
				}
			})
		}
	}
	t.Run("nothing", func(t *testing.T) {
		passed, said, err := read(t, strings.NewReader(""), "")
		if passed != "" || err != nil || !said.Empty {
			t.Errorf("%q, %+v, %v", passed, said, err)
		}
	})
}

func TestAlongPassesWhatItDoesNotUnderstand(t *testing.T) {
	for name, c := range map[string]struct{ body, encoding string }{
		"an unknown coding": {string(answer), "br"},
		"two codings":       {gz(gz(string(answer))), "gzip, gzip"},
		"no gzip":           {string(answer), "gzip"},
		"gzip, cut":         {gz(string(answer))[:20], "gzip"},
		"gzip, spoilt":      {gz(string(answer))[:14] + "\xff\xff\xff" + gz(string(answer))[17:], "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			body := c.body + strings.Repeat("more", 100_000)
			passed, _, err := read(t, strings.NewReader(body), c.encoding)
			if passed != body || !errors.Is(err, ErrUnpacking) {
				t.Errorf("%d of %d bytes passed, %v", len(passed), len(body), err)
			}
		})
	}
	t.Run("what is no document", func(t *testing.T) {
		for _, body := range []string{"\x03\x01\x6a\x00\x85", "garbage", "\x03\x01\x6a\x00\x00\x0d\x45\x01"} {
			for _, coded := range []struct{ body, encoding string }{{body, ""}, {gz(body), "gzip"}} {
				passed, _, err := read(t, strings.NewReader(coded.body), coded.encoding)
				if passed != coded.body || err == nil || errors.Is(err, ErrUnpacking) {
					t.Errorf("%q: %q passed, %v", body, passed, err)
				}
			}
		}
	})
}

func TestAlongClosedBeforeTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		body     io.Reader
		encoding string
	}{
		"broken":       {io.MultiReader(bytes.NewReader(answer), iotest.ErrReader(errBroken)), ""},
		"gzip, broken": {io.MultiReader(strings.NewReader(gz(string(answer))), iotest.ErrReader(errBroken)), "gzip"},
		"br, broken":   {iotest.ErrReader(errBroken), "br"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := read(t, c.body, c.encoding); !errors.Is(err, ErrUnfinished) {
				t.Errorf("%v, want ErrUnfinished", err)
			}
		})
	}
	t.Run("never read", func(t *testing.T) {
		for _, encoding := range []string{"", "gzip", "br"} {
			if _, err := ReadAlong(bytes.NewReader(answer), encoding).Close(); !errors.Is(err, ErrUnfinished) {
				t.Errorf("%q: %v", encoding, err)
			}
		}
	})
}
