//go:build linux

package install

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// program is the binary that is packaged, built once: static, as `make build` builds it.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "diastole-install-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "diastole")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./cmd/diastole")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return binary, errors.Join(os.Chmod(dir, 0o755), cmd.Run()) // others than root run it too
})

func TestMain(m *testing.M) {
	code := m.Run()
	if binary, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// deb builds the package as `make deb` does, with another version and, if shipped is
// not empty, another configuration.
func deb(t *testing.T, version, shipped string) (file string) {
	t.Helper()
	must(t, "make", "-s", ".cache/nfpm")
	binary, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	must(t, "sh", "-c", "gzip -9nc deploy/deb/diastole.8 >"+dir+"/diastole.8.gz")
	change := []string{"src: bin/diastole,", "src: " + binary + ",", "src: bin/diastole.8.gz", "src: " + dir + "/diastole.8.gz",
		"compression: xz", "compression: none"} // half a minute for each
	if shipped != "" {
		write(t, dir+"/diastole.yaml", shipped)
		change = append(change, "src: deploy/deb/diastole.yaml", "src: "+dir+"/diastole.yaml")
	}
	recipe := strings.NewReplacer(change...).Replace(read(t, "../../deploy/deb/nfpm.yaml"))
	write(t, dir+"/nfpm.yaml", recipe)
	must(t, "env", "VERSION="+version, "ARCH="+runtime.GOARCH, ".cache/nfpm", "package", "-f", dir+"/nfpm.yaml", "-p", "deb", "-t", dir)
	return filepath.Join(dir, "diastole_"+version+"_"+runtime.GOARCH+".deb")
}
