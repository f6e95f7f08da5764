package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the messages as they are now into testdata/bad/*.txt")

// Each file under testdata/bad has one mistake, and beside it the whole message
// that a stranger reads.
func TestEachMistakeHasOneMessageWithThePlaceTheKeyAndTheWayOut(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			_, err := Load(file)
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || e.Column < 1 || e.Remedy == "" {
				t.Fatalf("%#v, want an *Error with a place and a way out", err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, readErr := os.ReadFile(golden)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if got := err.Error() + "\n"; got != string(want) {
				t.Errorf("got  %swant %s", got, want)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "8d969eef") {
				t.Errorf("the message tells a secret: %s", err)
			}
		})
	}
}
