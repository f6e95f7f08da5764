package nodes

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var program string // the binary

// building is with the race detector where DIASTOLE_RACE is set: three times slower.
func building() []string {
	if os.Getenv("DIASTOLE_RACE") != "" {
		return []string{"build", "-race"}
	}
	return []string{"build"}
}

// TestMain builds diastole once.
func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "diastole-nodes-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "diastole")
	if out, err := exec.Command("go", append(building(), "-o", program, "github.com/diastole/diastole/cmd/diastole")...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building diastole: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}
