//go:build linux

package install

import (
	"regexp"
	"strings"
	"testing"

	"github.com/diastole/diastole/test/netns"
)

// commands are the two of README.md, for root: that is what sudo makes of them.
func commands(t *testing.T) []string {
	t.Helper()
	block := regexp.MustCompile("(?s)\n```sh\n(sudo apt install .*?)```\n").FindStringSubmatch(read(t, "../../README.md"))
	if block == nil {
		t.Fatal("README.md has no block of commands that begins with sudo apt install")
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(block[1], "sudo ", "")), "\n")
	if len(lines) != 2 {
		t.Fatalf("README.md promises two commands: %q", lines)
	}
	if !strings.Contains(lines[1], named) {
		t.Fatalf("%s does not name %s", lines[1], named)
	}
	return lines
}

// named is the reader's own server in the commands.
const named = "https://mail.example.com"

func TestTwoCommandsOfTheReadmeGiveARunningService(t *testing.T) {
	d := newDebian(t)
	d.copyIn(deb(t, "1.0.0", ""))
	space, err := netns.NewSpace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { space.Close() })
	server, lines := mailServer(t, space), commands(t)
	d.do(lines[0])
	// The start is systemd's part: see service.
	d.do(strings.NewReplacer(named, server, "enable --now", "enable").Replace(lines[1]))

	for _, link := range []string{"multi-user.target.wants/diastole.service", "sockets.target.wants/diastole.socket"} {
		if !d.has("etc/systemd/system/" + link) {
			t.Errorf("%s is not there: it would not run after the next boot", link)
		}
	}
	if out := d.do("systemd-analyze verify --man=no diastole.service diastole.socket diastole-http.socket"); out != "" {
		t.Errorf("systemd finds in the units: %s", out)
	}
	s := newService(d, space)
	s.start()
	if answer, _ := s.ask("OPTIONS", "https://127.0.0.1/Microsoft-Server-ActiveSync"); answer.Header.Get("MS-ASProtocolVersions") != "14.1" {
		t.Errorf("OPTIONS through it: %v", answer)
	}
	if answer, body := s.ask("GET", "http://127.0.0.1:9180/readyz"); answer.StatusCode != 200 {
		t.Errorf("readyz: %s %s", answer.Status, body)
	}
	s.stop()
	if !d.has("var/lib/diastole/state.db") {
		t.Error("it has not kept what it learned")
	}
	if owner := d.do("stat -c %U:%a /var/lib/diastole"); owner != "diastole:700\n" {
		t.Errorf("the state belongs to %s", owner)
	}

	removeAndPurge(t, d)
}

// removeAndPurge takes the package away in two steps: remove keeps what purge takes.
func removeAndPurge(t *testing.T, d *debian) {
	t.Helper()
	d.do("apt-get remove -y diastole")
	for _, name := range []string{"usr/bin/diastole", "lib/systemd/system/diastole.service", "etc/systemd/system/multi-user.target.wants/diastole.service"} {
		if d.has(name) {
			t.Errorf("after remove there is still %s", name)
		}
	}
	for _, name := range []string{"etc/diastole/diastole.yaml", "var/lib/diastole/state.db"} {
		if !d.has(name) {
			t.Errorf("remove took %s, which only purge may take", name)
		}
	}
	d.do("apt-get purge -y diastole")
	for _, name := range []string{"etc/diastole", "var/lib/diastole"} {
		if d.has(name) {
			t.Errorf("after purge there is still %s", name)
		}
	}
	if user, err := d.try("getent passwd diastole"); err == nil {
		t.Errorf("after purge there is still %s", user)
	}
}

func TestAnUpgradeKeepsWhatWasChangedAndRestartsOnce(t *testing.T) {
	d := newDebian(t)
	first := deb(t, "1.0.0", "")
	second := deb(t, "1.1.0", "# another default\n"+read(t, "../../deploy/deb/diastole.yaml"))
	third := deb(t, "1.2.0", "# another default\n"+read(t, "../../deploy/deb/diastole.yaml"))
	for _, file := range []string{first, second, third} {
		d.copyIn(file)
	}
	// As on a machine that systemd runs: what it is told is written down.
	d.do("mkdir -p /run/systemd/system")
	write(t, d.path("usr/bin/systemctl"), "#!/bin/sh\necho \"$@\" >>/root/told\n")
	told := func(want string) {
		t.Helper()
		if got := strings.TrimSpace(d.do("cat told; rm -f told")); got != want {
			t.Errorf("systemd was told\n%s\nwant\n%s", got, want)
		}
	}
	d.do("apt-get install -y ./diastole_1.0.0_*.deb")
	told("daemon-reload")

	const mine = "listen: :8443\nupstream: {url: https://my.exchange}\n"
	write(t, d.path("etc/diastole/diastole.yaml"), mine)
	write(t, d.path("etc/diastole/key.pem"), "a key")
	d.do("echo learned >/var/lib/diastole/state.db; chown diastole /var/lib/diastole/state.db")
	keep := "apt-get install -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "
	d.do(keep + "./diastole_1.1.0_*.deb")
	told("daemon-reload\ntry-restart diastole.service")
	d.do(keep + "./diastole_1.2.0_*.deb")
	told("daemon-reload\ntry-restart diastole.service")
	if got := read(t, d.path("etc/diastole/diastole.yaml")); got != mine {
		t.Errorf("the configuration became\n%s", got)
	}
	if got := d.do("cat /var/lib/diastole/state.db; stat -c %U /var/lib/diastole/state.db"); got != "learned\ndiastole\n" {
		t.Errorf("the state became %q", got)
	}
	if !strings.HasPrefix(read(t, d.path("etc/diastole/diastole.yaml.dpkg-dist")), "# another default") {
		t.Error("the new default is not beside it")
	}

	d.do("apt-get remove -y diastole")
	units := "diastole.socket diastole-http.socket diastole.service"
	told("stop " + units + "\ndisable " + units + "\ndaemon-reload")
	d.do("dpkg --purge diastole")
	if !d.has("etc/diastole/key.pem") {
		t.Error("purge took a key that an administrator has put there")
	}
}

func TestItInstallsAndGoesWhereThereIsNoSystemd(t *testing.T) {
	d := newDebian(t)
	d.copyIn(deb(t, "1.0.0", ""))
	d.do("rm /usr/bin/systemctl; dpkg -i diastole_*.deb; diastole version; diastole check --config /etc/diastole/diastole.yaml; dpkg --purge diastole")
	if d.has("usr/bin/diastole") || d.has("var/lib/diastole") {
		t.Error("something is left")
	}
}
