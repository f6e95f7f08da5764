//go:build linux

package firewall

import (
	"flag"
	"os"
	"testing"
)

// TestMain: these tests wait for a firewall to forget, not for the processor.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	code := m.Run()
	if buildDir != "" {
		_ = os.RemoveAll(buildDir)
	}
	os.Exit(code)
}
