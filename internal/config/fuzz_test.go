package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse: whatever a file holds, Parse returns, an error has a place and fits
// on one line, and what was accepted is written so that it is accepted again.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("testdata/good/d.yaml", data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || e.Column < 1 || e.Problem == "" || e.Remedy == "" {
				t.Fatalf("%#v, want an *Error with a place and a way out", err)
			}
			if strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Fatalf("more than a line of text: %q", err)
			}
			return
		}
		first := written(t, c)
		again, err := Parse("/d.yaml", []byte(first))
		if err != nil {
			t.Fatalf("%v in:\n%s", err, first)
		}
		if second := written(t, again); second != first {
			t.Fatalf("first:\n%s\nthen:\n%s", first, second)
		}
	})
}
