package bench

import (
	"fmt"
	"os"
	"testing"
)

// TestMain is also where the server's and the phones' processes begin.
func TestMain(m *testing.M) {
	if name := os.Getenv(partVariable); name != "" {
		if err := runPart(name); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", name, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}
