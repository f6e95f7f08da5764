package main

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/internal/config"
)

const fail2banFilter = "../../deploy/fail2ban/filter.d/diastole.conf"

// fail2ban runs one of its programs.
func fail2ban(t *testing.T, name string, args ...string) string {
	t.Helper()
	needs(t, name)
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	return string(out)
}

// banned are the addresses that the filter finds in a log, with how often.
func banned(t *testing.T, log string) map[string]int {
	t.Helper()
	// The go command calls a test cached whose files only a process that it starts has opened.
	if _, err := os.ReadFile(fail2banFilter); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "diastole.log")
	if err := os.WriteFile(file, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, ip := range strings.Fields(fail2ban(t, "fail2ban-regex", "-o", "ip", file, fail2banFilter)) {
		found[ip]++
	}
	return found
}

// logOf is what a program writes to its log in a format while tries are made.
func logOf(t *testing.T, format string, tries func(attack func(user, password, device, from string))) string {
	t.Helper()
	_, server := annaAndBert(t)
	cfg, err := config.Parse("d.yaml", []byte("listen: 127.0.0.1:0\nadmin: {listen: off}\nupstream: {url: "+server+"}\n"+
		"forwarded: {trusted: [127.0.0.1]}\nshield: {stale_passwords: 100}\nlimits: {failures: 10000}\nlog: {users: plain, format: "+format+"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log, _, err := newLog(cfg.Log, zapcore.AddSync(&out), false)
	if err != nil {
		t.Fatal(err)
	}
	d := newDaemon(cfg, log, nil)
	if err := d.assemble(t.Context(), newRegistry(thisBuild())); err != nil {
		t.Fatal(err)
	}
	d.answer(d.phones)
	tries(func(user, password, device, from string) {
		d.attack(t, user, password, device, from)
	})
	d.close()
	return out.String()
}

// attack signs in with a wrong password, or right ones, as whoever it says.
func (d *daemon) attack(t *testing.T, user, password, device, from string) {
	t.Helper()
	address := "https://" + d.phones.Addr().String() + "/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceType=phone&User=u&DeviceId=" + url.QueryEscape(device)
	r, err := http.NewRequestWithContext(t.Context(), "POST", address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	r.Header.Set("X-Forwarded-For", from)
	r.Header.Set("User-Agent", from)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

var formats = []string{"json", "console"}

func TestFail2banBansWhoTriesPasswordsOutAndNotTheOldPhone(t *testing.T) {
	for _, format := range formats {
		log := logOf(t, format, func(attack func(user, password, device, from string)) {
			for i := range 50 {
				attack("anna@lab.test", fmt.Sprint("guess", i), fmt.Sprint("dev", i%3), "203.0.113.66")
				attack("bert@lab.test", fmt.Sprint("guess", i), "dev", "2001:db8::66")
			}
			attack("anna@lab.test", annas, "annas", "198.51.100.1")
			for range 9 {
				attack("anna@lab.test", "an-old-one", "annas", "198.51.100.1")
				attack("bert@lab.test", "an-old-one", "berts", "198.51.100.2")
			}
		})
		found := banned(t, log)
		if found["203.0.113.66"] != 50 || found["2001:db8::66"] != 50 || found["198.51.100.1"] != 0 || found["198.51.100.2"] != 1 || len(found) != 3 {
			t.Errorf("%s: %v in\n%s", format, found, log)
		}
	}
}

// Whatever a client may choose stands in quotes that it cannot leave.
func TestNobodyGetsAnotherBannedByAName(t *testing.T) {
	const victim = "192.0.2.99"
	line := `{"level":"info","time":"2026-11-22T09:20:52Z","logger":"proxy","msg":"login refused","kind":"guess","client":"` + victim + `",`
	people := "INFO\tproxy\tlogin refused\t{\"kind\": \"guess\", \"client\": \"" + victim + "\", "
	hostile := []string{
		line, "x\n" + line, "x\r\n" + line, "x\u2028" + line, `x","kind":"guess","client":"` + victim + `","y":"`, `\` + line, `\"` + line,
		people, "x\n2026-11-22 09:20:52.000\t" + people, victim, "x\x00\n" + line, "host diastole[1]: " + line, "\x85" + line, "\xff\n" + line,
	}
	for _, format := range formats {
		log := logOf(t, format, func(attack func(user, password, device, from string)) {
			for i, text := range hostile {
				plain := strings.Map(func(c rune) rune { return map[bool]rune{true: c, false: '_'}[c >= ' ' && c < 0x7f] }, text)
				// A proxy in front adds whom it has seen; alone stands only what it wrote itself.
				for _, from := range []string{"198.51.100.7", plain + ", 198.51.100.7", victim + ", 198.51.100.7", "unknown, " + `198.51.100.7","client":"` + victim} {
					attack(strings.ReplaceAll(text, ":", ";"), fmt.Sprint(i, from), text, from)
				}
			}
		})
		found := banned(t, log)
		if found[victim] != 0 || found["198.51.100.7"] == 0 {
			t.Errorf("%s: %v in\n%s", format, found, log)
		}
		if lines := strings.Count(log, "login refused\","); format == "json" && lines < len(hostile) {
			t.Errorf("only %d lines:\n%s", lines, log)
		}
	}
}

func TestTheLineIsFoundInTheJournalToo(t *testing.T) {
	const ours = `{"level":"info","time":"2026-11-22T09:20:52.123456789Z","logger":"proxy","msg":"login refused","kind":"guess","client":"203.0.113.8","user":"x"}`
	for _, before := range []string{"Nov 22 09:20:52 mail diastole[12]: ", "2026-11-22T09:20:52.123456+00:00 mail diastole[12]: ", ""} {
		if found := banned(t, before+ours+"\n"+before+strings.Replace(ours, "guess", "stale", 1)+"\n"); found["203.0.113.8"] != 1 {
			t.Errorf("%q: %v", before, found)
		}
	}
}

func TestFail2banTakesTheJail(t *testing.T) {
	const etc = "/etc/fail2ban"
	fail2ban(t, "fail2ban-client", "--version")
	whole := t.TempDir()
	if err := os.CopyFS(whole, os.DirFS(etc)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"filter.d/diastole.conf", "jail.d/diastole.conf"} {
		text, err := os.ReadFile("../../deploy/fail2ban/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(whole, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Debian's own jail wants a log of sshd, which a test machine need not have.
	const local = "[sshd]\nenabled = false\n[diastole]\nenabled = true\nbackend = polling\nlogpath = /dev/null\n"
	if err := os.WriteFile(filepath.Join(whole, "jail.d/zz.local"), []byte(local), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := fail2ban(t, "fail2ban-client", "-c", whole, "-t"); !strings.Contains(said, "configuration test is successful") {
		t.Error(said)
	}
	said := fail2ban(t, "fail2ban-client", "-c", whole, "-d")
	for _, want := range []string{"'diastole', 'maxretry', 20", "'diastole', 'findtime', '10m'", "'diastole', 'bantime', '1h'"} {
		if !slices.ContainsFunc(strings.Split(said, "\n"), func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("%s is not in\n%s", want, said)
		}
	}
}
