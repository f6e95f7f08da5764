package private

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// `make private` names the directory that `make unit` and `make e2e` have filled.
func TestNothingThatTheTestsMadeItSayNamesAnybody(t *testing.T) {
	dir := os.Getenv("DIASTOLE_SAID")
	if dir == "" {
		t.Skip("make unit private: the tests have to say something first")
	}
	faults, lines, err := judge(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults[:min(len(faults), 50)] {
		t.Error(fault)
	}
	t.Logf("%d lines, %d faults", lines, len(faults))
}

// in writes files into a directory as the tests leave it, all of which is well.
func in(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	whole := map[string]string{"TestAny-1.log": strings.Join(alive, "\n") + "\n"}
	for _, test := range plain {
		whole[test+"1.log"] = `{"msg":"wait begins","user":"anna@lab.test"}` + "\n"
	}
	for name, text := range files {
		whole[name] = text
	}
	for name, text := range whole {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEachFormOfANameIsFoundWithItsFileAndLine(t *testing.T) {
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for form, text := range map[string]string{
		"plain":                       `{"user":"anna"}`,
		"a mail address":              `{"user":"Anna@example.com"}`,
		"with a domain":               `{"user":"CORP\\anna"}`,
		"in a URL":                    `Post "https://mail.example.com/Microsoft-Server-ActiveSync?Cmd=Ping&User=anna&DeviceId=x": EOF`,
		"escaped in a URL":            `User=corp%5canna%40example.com`,
		"after a control character":   `{"user":"\u000aanna"}`,
		"a device":                    `diastole_x{device="ANNAS1"} 1`,
		"a device in hexadecimal":     `{"device":"68616e647365743100"}`,
		"a password":                  `LOGIN x pa55-of-anna`,
		"Basic credentials":           `Authorization: Basic ` + encoded("anna:whatever"),
		"with a domain, in base64":    `Basic ` + encoded(`CORP\anna:whatever`),
		"another domain, in base64":   `Basic ` + encoded(`CORP1\anna:whatever`),
		"a third domain, in base64":   `Basic ` + encoded(`CORP12\anna:whatever`),
		"a device in ActiveSync's":    `POST /Microsoft-Server-ActiveSync?` + encoded("\x8c\x00\x09\x04\x08handset1\x04\x00\x00\x00\x00\x06iPhone"),
		"a password in another's URL": `http://x:Planted-Password@192.0.2.1/`,
	} {
		dir := in(t, map[string]string{"TestSome-7.log": "{}\n{}\n" + text + "\n"})
		faults, _, err := judge(dir)
		if want := filepath.Join(dir, "TestSome-7.log") + ":3: "; err != nil || len(faults) == 0 || !strings.HasPrefix(faults[0], want) {
			t.Errorf("%s: %v, %v", form, faults, err)
		}
	}
}

func TestWhatNamesNobodyIsLetThrough(t *testing.T) {
	dir := in(t, map[string]string{"TestSome-7.log": `{"user":"8c1f27d09ab3","device":"03b7e5c2f41d","network":"127.0.0.0/24","msg":"what was learned","path":"/tmp/TestOfHannah/001"}
{"sha256":"5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8","error":"dial tcp 127.0.0.1:1: connect: connection refused"}
`, "TestAny-2.metrics": "diastole_waits_total{kind=\"ping\",outcome=\"expired\"} 1\n"})
	if faults, lines, err := judge(dir); len(faults) != 0 || err != nil || lines != len(alive)+len(plain)+3 {
		t.Errorf("%v, %d lines, %v", faults, lines, err)
	}
}

func TestASearchThatCouldNotFindAnythingFails(t *testing.T) {
	says := func(dir, part string) {
		t.Helper()
		faults, _, err := judge(dir)
		if err != nil || !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, part) }) {
			t.Errorf("%v, %v: want %q", faults, err, part)
		}
	}
	says(t.TempDir(), "nowhere in 0 files")
	says(in(t, map[string]string{"TestAny-1.log": "{}\n"}), `"msg":"request" is nowhere`)
	says(in(t, map[string]string{plain[0] + "1.log": `{"user":"8c1f27d09ab3"}`}), "this search finds nothing")
	if _, _, err := judge(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a directory that is not there is no fault")
	}
}
