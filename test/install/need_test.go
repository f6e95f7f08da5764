//go:build linux

package install

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// need leaves a test out where it cannot be, and says how it could. On CI that is a
// failure: a proof that is left out in silence is none.
func need(t *testing.T, root bool, tools ...string) {
	t.Helper()
	var missing []string
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	var why string
	switch {
	case root && os.Getuid() != 0:
		why = "a chroot takes root: run as root"
	case len(missing) > 0:
		why = "not installed: " + strings.Join(missing, " ") + ": run `make deps`"
	default:
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// must runs a command in the root of the repository.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
