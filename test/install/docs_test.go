//go:build linux

package install

import (
	"regexp"
	"strings"
	"testing"
)

func page(t *testing.T, name string) string { return read(t, "../../docs/"+name) }

func TestTheInstallPageGivesTheCommandsOfTheReadme(t *testing.T) {
	block := regexp.MustCompile("(?s)\n```sh\nsudo apt install .*?```\n")
	if there, here := block.FindString(read(t, "../../README.md")), block.FindString(page(t, "install.md")); there == "" || there != here {
		t.Errorf("README.md says\n%s\nand the page\n%s", there, here)
	}
}

// Whatever the pages say that is there comes with the package, or is made by it.
func TestThePagesNameOnlyFilesThatAreInThePackage(t *testing.T) {
	need(t, false, "make", "dpkg-deb")
	packaged := must(t, "dpkg-deb", "-c", deb(t, "1.0.0", ""))
	path := regexp.MustCompile(`/(?:usr|etc/diastole|lib/systemd)/[\w./-]*[\w/]`)
	// What an administrator puts there.
	own := regexp.MustCompile(`^/etc/diastole/(cert|key)\.pem$`)
	for _, name := range []string{"install.md", "operating.md"} {
		named := path.FindAllString(page(t, name), -1)
		if len(named) < 2 {
			t.Errorf("%s names only %q", name, named)
		}
		for _, file := range named {
			if !strings.Contains(packaged, " ."+file+"\n") && !own.MatchString(file) {
				t.Errorf("%s: %s is not in the package", name, file)
			}
		}
	}
	for _, file := range regexp.MustCompile(`/usr/\S+\.(?:yaml|md)`).FindAllString(read(t, "../../deploy/deb/diastole.yaml")+read(t, "../../deploy/systemd/diastole.service"), -1) {
		if !strings.Contains(packaged, " ."+file+"\n") {
			t.Errorf("the package names %s, which is not in it", file)
		}
	}
}

func TestTheOperatingPageSaysWhatStandsInTheUnits(t *testing.T) {
	text, unit := page(t, "operating.md"), read(t, serviceUnit)
	_, table, _ := strings.Cut(text, "| in the unit | |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	lines := regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(table, -1)
	if len(lines) < 6 {
		t.Fatalf("only %d lines in\n%s", len(lines), table)
	}
	for _, line := range lines {
		for setting := range strings.SplitSeq(strings.ReplaceAll(line[1], "`", ""), ", ") {
			if !strings.Contains(unit, "\n"+setting) {
				t.Errorf("the unit does not say %s", setting)
			}
		}
	}
	for _, socket := range []string{"diastole.socket", "diastole-http.socket"} {
		name := regexp.MustCompile(`FileDescriptorName=(\w+)`).FindStringSubmatch(read(t, "../../deploy/systemd/"+socket))[1]
		if !regexp.MustCompile("(?m)^\\| `" + name + "` .*`" + socket + "`").MatchString(text) {
			t.Errorf("the page does not say that %s is %s", socket, name)
		}
	}
	need(t, false, "systemd-analyze")
	level := regexp.MustCompile(`level for diastole.service: ([\d.]+)`).FindStringSubmatch(must(t, "systemd-analyze", "security", "--offline=true", "--no-pager", "deploy/systemd/diastole.service"))[1]
	if !strings.Contains(text, "gives it "+level+" of 10") {
		t.Errorf("systemd-analyze gives it %s, and the page says another", level)
	}
}

func TestTheManualNamesEveryCommand(t *testing.T) {
	manual := read(t, "../../deploy/deb/diastole.8")
	commands := regexp.MustCompile("(?m)^\t(\\w+) +\\w+Cmd +`cmd:\"\" help").FindAllStringSubmatch(read(t, "../../cmd/diastole/main.go"), -1)
	if len(commands) < 10 {
		t.Fatalf("only %d commands", len(commands))
	}
	for _, c := range commands {
		if !strings.Contains(manual, "\n.B "+strings.ToLower(c[1])+"\n") {
			t.Errorf("the manual does not name %s", strings.ToLower(c[1]))
		}
	}
}
