package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestACommandLineThatMakesNoSenseEndsWithTwoAndTheWayOut(t *testing.T) {
	for args, want := range map[string]string{
		"":                                  `diastole: expected one of "serve", "check", "demo", "devices", "advise", ... (see diastole --help)`,
		"srve":                              `diastole: unexpected argument srve, did you mean "serve"? (see diastole --help)`,
		"serve":                             `diastole: serve: give --config FILE or --upstream URL (see diastole serve --help)`,
		"check":                             `diastole: check: give --config FILE or --upstream URL (see diastole check --help)`,
		"serve --confg x":                   `diastole: unknown flag --confg, did you mean "--config"? (see diastole serve --help)`,
		"serve -c x --upstream y":           `diastole: serve: with --config FILE everything else belongs into the file (see diastole serve --help)`,
		"serve -c x --listen :1":            `diastole: serve: with --config FILE everything else belongs into the file (see diastole serve --help)`,
		"serve --upstream http://a --cert":  `diastole: --cert: expected string value but got "EOL" (<EOL>) (see diastole serve --help)`,
		"serve --upstream http://a --key k": `diastole: --cert and --key must be used together (see diastole serve --help)`,
		"devices --limit 0":                 `diastole: devices: --limit wants a number from 1 to 1000 (see diastole devices --help)`,
		"advise --limit 1001":               `diastole: advise: --limit wants a number from 1 to 1000 (see diastole advise --help)`,
		"forget":                            `diastole: expected "<user>" (see diastole forget --help)`,
		"doctor --upstream https://a":       `diastole: missing flags: --password-file=FILE, --user=U (see diastole doctor --help)`,
		"doctor --upstream a --user u --password-file f":                    `diastole: doctor: --upstream: write the server's address, for example https://exchange.internal (see diastole doctor --help)`,
		"doctor --upstream http://a --user u --password-file f --ca c":      `diastole: doctor: --ca: no certificate is ever checked, because --upstream begins with http:// (see diastole doctor --help)`,
		"doctor --upstream http://a --user u --password-file f --load 33":   `diastole: doctor: --load: write a number from 0 to 32 (see diastole doctor --help)`,
		"doctor --upstream http://a --user u --password-file f --wait 1s":   `diastole: doctor: --wait: write a length of time from 5s to 59m (see diastole doctor --help)`,
		"doctor --user u --password-file f":                                 `diastole: doctor: give --upstream URL (which settings fit the server) or --url URL (what cuts on the way to it) (see diastole doctor --help)`,
		"doctor --url a --user u --password-file f":                         `diastole: doctor: --url: write the server's address, for example https://mail.example.com (see diastole doctor --help)`,
		"doctor --url http://a --user u --password-file f --load 1":         `diastole: doctor: --load and --address go with --upstream (see diastole doctor --help)`,
		"doctor --url http://a --user u --password-file f --holds 90m":      `diastole: doctor: --holds: write whole seconds from 1s to 59m (see diastole doctor --help)`,
		"doctor --upstream http://a --user u --password-file f --holds 60s": `diastole: doctor: --holds goes with --url (see diastole doctor --help)`,
		"decode a b":        `diastole: unexpected argument b (see diastole decode --help)`,
		"decode a --hex 03": `diastole: decode: give one of FILE, --hex and --query (see diastole decode --help)`,
		"version now":       `diastole: unexpected argument now (see diastole version --help)`,
	} {
		t.Run(args, func(t *testing.T) {
			runProgram(t, "", strings.Fields(args)...).is(t, outcome{exitUsage, "", want + "\n"})
		})
	}
}

func TestHelpPromisesTheExitCodes(t *testing.T) {
	help := runProgram(t, "", "--help")
	if help.code != exitOK || help.err != "" {
		t.Errorf("got %+v", help)
	}
	text := strings.Join(strings.Fields(help.out), " ")
	want := "Exit codes: 0 all is well; 1 an error in the configuration, in the input or while running; 2 a command line that makes no sense."
	if !strings.Contains(text, want) {
		t.Errorf("the exit codes are missing in:\n%s", help.out)
	}
	for _, command := range []string{"serve", "check", "demo", "devices", "advise", "forget", "doctor", "decode", "version"} {
		if !strings.Contains(help.out, "\n  "+command+" ") {
			t.Errorf("%s is missing in:\n%s", command, help.out)
		}
		if o := runProgram(t, "", command, "--help"); o.code != exitOK || !strings.HasPrefix(o.out, "Usage: diastole "+command) {
			t.Errorf("%s --help: %+v", command, o)
		}
	}
}

func TestVersionIsThatOfTheRelease(t *testing.T) {
	o := runProgram(t, "", "version")
	if o.code != exitOK || o.err != "" || !strings.HasPrefix(o.out, "diastole v9.8.7-test\ncommit ") || strings.Count(o.out, "\n") != 3 {
		t.Errorf("got %+v", o)
	}
}

func TestCheckPrintsAConfigurationThatChecksToItself(t *testing.T) {
	first := runProgram(t, "", "check", "--upstream", "https://exchange.internal", "--listen", "[::1]:8443", "--admin", "off")
	if first.code != exitOK || first.err != "" || !strings.Contains(first.out, "\n  url: \"https://exchange.internal\"\n") || !strings.Contains(first.out, "\n  listen: off\n") {
		t.Fatalf("got %+v", first)
	}
	file := filepath.Join(t.TempDir(), "diastole.yaml")
	if err := os.WriteFile(file, []byte(first.out), 0o600); err != nil {
		t.Fatal(err)
	}
	runProgram(t, "", "check", "--config", file).is(t, first)
}

func TestAMistakeInTheConfigurationIsOneLineAndEndsWithOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "diastole.yaml")
	if err := os.WriteFile(file, []byte("upstream:\n  url: https://exchange.internal\ndrain: 25\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := outcome{exitError, "", file + ":3:8: drain: 25: a number where text is needed; write a length of time with its unit, for example 25s or 1m30s\n"}
	runProgram(t, "", "check", "--config", file).is(t, want)
	runProgram(t, "", "serve", "--config", file).is(t, want)
	runProgram(t, "", "check", "--config", "nope.yaml").is(t, outcome{exitError, "",
		"nope.yaml: no such file or directory; write a configuration there, or start with --upstream URL instead of a file\n"})
	runProgram(t, "", "serve", "--upstream", "exchange.internal").is(t, outcome{exitError, "",
		"--upstream: upstream.url: \"exchange.internal\": no http:// or https:// in front; write the server's address, for example https://exchange.internal\n"})
}

func TestCheckOnAFullDiskEndsWithOne(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	defer full.Close()
	errFile, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer errFile.Close()
	if code := run([]string{"check", "--upstream", "https://exchange.internal"}, streams{nil, full, errFile}); code != exitError {
		t.Errorf("exit code %d", code)
	}
	said, err := os.ReadFile(errFile.Name())
	if want := "diastole: printing the configuration: write /dev/full: no space left on device\n"; err != nil || string(said) != want {
		t.Errorf("got %q, %v, want %q", said, err, want)
	}
}
