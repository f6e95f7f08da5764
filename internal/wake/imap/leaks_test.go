package imap

import (
	"testing"

	"go.uber.org/goleak"
)

// Connections and sources that are forgotten are goroutines that stay.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
