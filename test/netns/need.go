//go:build linux

package netns

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Need leaves a test out where no firewall can be made, and says how to get
// one. On CI that is a failure: a proof that is left out in silence is none.
func Need(t testing.TB) {
	t.Helper()
	why := unable()
	switch {
	case why == "":
	case os.Getenv("CI") == "true":
		t.Fatal("no real firewall: " + why)
	default:
		t.Skip("no real firewall: " + why)
	}
}

func unable() string {
	if os.Getuid() != 0 {
		return "network namespaces take root: run as root"
	}
	var missing []string
	for tool, pack := range map[string]string{"ip": "iproute2", "nft": "nftables", "conntrack": "conntrack"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, pack)
		}
	}
	if len(missing) > 0 {
		return "not installed: " + strings.Join(missing, " ") + ": run `make deps`"
	}
	return ""
}
