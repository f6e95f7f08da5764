//go:build linux

package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// debian is a Debian 12 in a directory.
type debian struct {
	t    *testing.T
	root string
}

const (
	// kept is where it lies once it was fetched, seen from the root of the repository.
	kept   = ".cache/debian-12"
	mirror = "http://deb.debian.org/debian"
)

// newDebian is a fresh one: the smallest there is, and what the package depends on.
// systemd is in it as programs; nothing runs.
func newDebian(t *testing.T) *debian {
	t.Helper()
	need(t, true, "debootstrap", "dpkg-deb", "unshare", "ip", "make")
	base := filepath.Join("../..", kept)
	if _, err := os.Stat(base); err != nil {
		part := kept + ".part"
		must(t, "rm", "-rf", part)
		must(t, "debootstrap", "--variant=minbase", "--include=ca-certificates,systemd", "bookworm", part, mirror)
		must(t, "mv", part, kept)
	}
	d := &debian{t, filepath.Join(t.TempDir(), "debian")}
	must(t, "cp", "-a", "--reflink=auto", kept, d.root)
	return d
}

// try runs a script in it, as root and with nothing of our environment.
func (d *debian) try(script string) (string, error) {
	cmd := exec.CommandContext(d.t.Context(), "chroot", d.root, "/bin/sh", "-euc", "cd /root; "+script)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "HOME=/root"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d *debian) do(script string) string {
	d.t.Helper()
	out, err := d.try(script)
	if err != nil {
		d.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

func (d *debian) path(name string) string { return filepath.Join(d.root, name) }

func (d *debian) has(name string) bool {
	_, err := os.Lstat(d.path(name))
	return err == nil
}

// copyIn puts a file into root's home, under its own name.
func (d *debian) copyIn(file string) {
	d.t.Helper()
	must(d.t, "cp", file, d.path("root"))
}

// unit is a unit file: the values of each key, in order.
type unit map[string][]string

func (d *debian) unit(name string) unit {
	d.t.Helper()
	u := unit{}
	for line := range strings.Lines(read(d.t, d.path("lib/systemd/system/"+name))) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			u[key] = append(u[key], value)
		}
	}
	return u
}

func (u unit) one(t *testing.T, key string) string {
	t.Helper()
	if len(u[key]) != 1 {
		t.Fatalf("%s= is %q, want one", key, u[key])
	}
	return u[key][0]
}
