package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// installPages are those whose configurations are to be copied as they are, and how
// many complete ones each has.
var installPages = map[string]int{"install-exchange": 3, "install-sogo": 2, "install-zpush": 1, "install-grommunio": 2}

// fencesOf gives the blocks of code of a page that are in a language.
func fencesOf(t *testing.T, page, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + page + ".md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^ *```"+language+"\n(.*?)^ *```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// administrators makes the files that an administrator would have put into
// /etc/diastole, and gives a configuration that names them instead.
func administrators(t *testing.T, dir, text string) string {
	t.Helper()
	for name, fixture := range map[string]string{"cert.pem": "cert.pem", "key.pem": "key.pem", "imap-ca.pem": "cert.pem", "upstream-ca.pem": "cert.pem",
		"exchange.pfx": "store.pfx", "pfx-password": "password"} {
		content, err := os.ReadFile("../../internal/config/testdata/files/" + fixture)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return strings.NewReplacer("/etc/diastole/", dir+"/", "/var/lib/diastole/", dir+"/").Replace(text)
}

func TestTheConfigurationsInTheInstallPagesAreCompleteAndAccepted(t *testing.T) {
	for page, want := range installPages {
		blocks := fencesOf(t, page, "yaml")
		if len(blocks) != want {
			t.Errorf("%s has %d configurations, want %d", page, len(blocks), want)
		}
		for _, block := range blocks {
			dir := t.TempDir()
			file := filepath.Join(dir, "diastole.yaml")
			if err := os.WriteFile(file, []byte(administrators(t, dir, block)), 0o600); err != nil {
				t.Fatal(err)
			}
			o := runProgram(t, "", "check", "--config", file)
			if o.code != exitOK {
				t.Errorf("%s: %s in:\n%s", page, o.err, block)
			}
			profile := strings.TrimPrefix(page, "install-")
			if !strings.Contains(o.out, `profile: "`+profile+`"`) {
				t.Errorf("%s: not for %s:\n%s", page, profile, block)
			}
			for _, needed := range []string{"listen: ", "tls:", "upstream:", "state: "} {
				if !strings.Contains("\n"+block, "\n"+needed) {
					t.Errorf("%s: no %s in\n%s", page, needed, block)
				}
			}
		}
	}
}

// The layer 4 examples are to be copied too; who has the programs has them look.
func TestTheBalancersOfTheExchangePageAreAccepted(t *testing.T) {
	for program, language := range map[string]string{"haproxy": "haproxy", "nginx": "nginx"} {
		t.Run(program, func(t *testing.T) {
			blocks := fencesOf(t, "install-exchange", language)
			if len(blocks) != 1 {
				t.Fatalf("%d blocks of %s", len(blocks), language)
			}
			const modules = "/usr/lib/nginx/modules/ngx_stream_module.so"
			needs(t, program)
			if program == "nginx" {
				needs(t, modules)
			}
			dir := t.TempDir()
			file, text := filepath.Join(dir, "conf"), blocks[0]
			args := []string{"-c", "-f", file}
			if program == "nginx" {
				text = "load_module " + modules + ";\npid " + dir + "/pid;\nerror_log stderr;\nevents {}\n" + strings.Replace(text, "listen 443", "listen unix:"+dir+"/443", 1)
				args = []string{"-t", "-p", dir, "-c", file}
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if said, err := exec.Command(program, args...).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
}
