//go:build linux

package install

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/test/netns"
)

// machine is a Debian whose systemd runs, in namespaces of its own: all but the kernel
// is what an administrator has.
type machine struct {
	*debian
	space *netns.Space
	init  string // the number of its first process
	log   bytes.Buffer
}

// boot is what a container manager does: control groups of its own, mounts, systemd.
// Settings of the kernel and devices are not its own: those it can only read. All that
// it starts has numbers of its own, and ends with it.
const boot = `
root=$1
for groups in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if [ -w $groups/cgroup.procs ] && [ ! -h $groups ] && mkdir $groups/diastole-$$; then
    echo $$ >$groups/diastole-$$/cgroup.procs || rmdir $groups/diastole-$$ # cpuset wants more
  fi
done
exec unshare --pid --mount --uts --ipc --cgroup --fork --kill-child sh -euc '
  root=$1
  mount --make-rprivate /; mount --bind $root $root
  mount -t proc proc $root/proc; mount --bind $root/proc/sys $root/proc/sys; mount -o remount,bind,ro $root/proc/sys
  mount -t sysfs -o ro sysfs $root/sys
  mount -t tmpfs tmpfs $root/run; mount -t tmpfs tmpfs $root/tmp; mount -t tmpfs -o mode=755 tmpfs $root/dev
  for node in null zero full random urandom tty; do : >$root/dev/$node; mount --bind /dev/$node $root/dev/$node; done
  mkdir $root/dev/pts; mount -t devpts -o newinstance,ptmxmode=666 devpts $root/dev/pts; ln -s pts/ptmx $root/dev/ptmx
  if [ -e /sys/fs/cgroup/cgroup.procs ]; then
    mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
  else
    mount -t tmpfs tmpfs $root/sys/fs/cgroup; mkdir $root/sys/fs/cgroup/systemd $root/sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup $root/sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 $root/sys/fs/cgroup/unified
  fi
  exec chroot $root /lib/systemd/systemd --unit=multi-user.target --log-target=console --show-status=false' sh $root
`

// newMachine boots a Debian. Where the kernel does not let it, the test leaves itself
// out; on CI that is a failure.
func newMachine(t *testing.T, d *debian) *machine {
	t.Helper()
	space, err := netns.NewSpace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { space.Close() })
	m := &machine{debian: d, space: space}
	said, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: d.path("booted"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd := exec.Command("sh", "-euc", boot, "sh", d.root)
	// Of systemd itself too the manager hears READY=1, when all is up.
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "container=diastole-test", "NOTIFY_SOCKET=/booted"}
	cmd.Stdout, cmd.Stderr = &m.log, &m.log
	if err := space.Start(cmd); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		said.Close()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
		leaveGroups(t, cmd.Process.Pid)
	})
	if !ready(said) {
		cmd.Process.Kill()
		<-ended
		if os.Getenv("CI") == "true" {
			t.Fatalf("systemd does not start here:\n%s", m.log.String())
		}
		t.Skipf("systemd does not start here: %s", m.log.String())
	}
	children, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/task/" + strconv.Itoa(cmd.Process.Pid) + "/children")
	if err != nil {
		t.Fatal(err)
	}
	m.init = strings.TrimSpace(string(children))
	return m
}

func ready(said *net.UnixConn) bool {
	b := make([]byte, 4096)
	said.SetReadDeadline(time.Now().Add(2 * patience)) // fails when it is closed, and so will the reading
	for {
		n, err := said.Read(b)
		if err != nil {
			return false
		}
		if strings.Contains("\n"+string(b[:n]), "\nREADY=1") {
			return true
		}
	}
}

// leaveGroups removes the control groups as soon as the last process has left them.
func leaveGroups(t *testing.T, pid int) {
	tick, late := time.NewTicker(20*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		left, err := filepath.Glob("/sys/fs/cgroup/*/diastole-" + strconv.Itoa(pid))
		alone, _ := filepath.Glob("/sys/fs/cgroup/diastole-" + strconv.Itoa(pid))
		if left = append(left, alone...); err != nil || len(left) == 0 {
			return
		}
		for _, top := range left {
			exec.Command("find", top, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";").Run() // fails while one is in it
		}
		select {
		case <-tick.C:
		case <-late:
			t.Errorf("control groups are left: %q", left)
			return
		}
	}
}

// do runs a script as root in it.
func (m *machine) do(script string) string {
	m.t.Helper()
	out, err := m.try(script)
	if err != nil {
		m.t.Fatalf("%s: %v\n%s\n%s", script, err, out, m.journal())
	}
	return out
}

func (m *machine) try(script string) (string, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(m.t.Context(), "nsenter", "-t", m.init, "--pid", "--mount", "--uts", "--ipc", "--cgroup",
		"chroot", m.root, "/bin/sh", "-euc", "cd /root; "+script)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "HOME=/root"}
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := m.space.Start(cmd); err != nil {
		return "", err
	}
	err := cmd.Wait()
	return out.String(), err
}

// is wants a property of the service, as systemd tells it.
func (m *machine) is(property, want string) {
	m.t.Helper()
	if got := strings.TrimSpace(m.do("systemctl show diastole.service --value -p " + property)); got != want {
		m.t.Errorf("%s is %q, want %q\n%s", property, got, want, m.journal())
	}
}

// journal is what a person would look at next.
func (m *machine) journal() string {
	out, _ := m.try("systemctl status --no-pager -n 0 diastole.service; journalctl --no-pager -o cat -u diastole.service -n 60")
	return out
}
