package main

import (
	"bytes"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/internal/config"
)

func logged(t *testing.T, c config.Log, terminal bool) string {
	t.Helper()
	var b bytes.Buffer
	log, _, err := newLog(c, zapcore.AddSync(&b), terminal)
	if err != nil {
		t.Fatal(err)
	}
	log.Debug("quiet")
	log.Named("edge").Warn("loud", zap.Int("n", 1))
	return b.String()
}

func TestTheLogIsForPeopleOnATerminalAndJSONOtherwise(t *testing.T) {
	json := regexp.MustCompile(`^\{"level":"warn","time":"[^"]+","logger":"edge","msg":"loud","n":1\}\n$`)
	console := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\tWARN\tedge\tloud\t\{"n": 1\}\n$`)
	for _, c := range []struct {
		format   string
		terminal bool
		want     *regexp.Regexp
	}{
		{"auto", false, json}, {"auto", true, console}, {"json", true, json}, {"console", false, console},
	} {
		if got := logged(t, config.Log{Level: "info", Format: c.format}, c.terminal); !c.want.MatchString(got) {
			t.Errorf("%s, terminal %v: %s", c.format, c.terminal, got)
		}
	}
}

func TestTheLevelIsTheConfiguredOne(t *testing.T) {
	for level, lines := range map[string]int{"debug": 2, "info": 1, "warn": 1, "error": 0} {
		if got := logged(t, config.Log{Level: level, Format: "json"}, false); strings.Count(got, "\n") != lines {
			t.Errorf("%s: %s", level, got)
		}
	}
}

func TestUserNamesAreTwelveDigitsOfAKeyDrawnAtStart(t *testing.T) {
	one, err := logNames("hashed")
	if err != nil {
		t.Fatal(err)
	}
	another, err := logNames("hashed")
	if err != nil {
		t.Fatal(err)
	}
	jo, again := one("jo"), one("jo")
	if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(jo) || jo != again || jo == one("al") || jo == another("jo") {
		t.Errorf("jo %s and %s, al %s, jo after the next start %s", jo, again, one("al"), another("jo"))
	}
	plain, err := logNames("plain")
	if err != nil || plain("jo") != "jo" || plain("") != "-" || one("") != "-" {
		t.Errorf("plain %q, nobody %q and %q, %v", plain("jo"), plain(""), one(""), err)
	}
}

func TestTheVersionComesFromTheReleaseOrFromTheGoCommand(t *testing.T) {
	info := &debug.BuildInfo{Main: debug.Module{Version: "v0.1.1-0.20260101"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc123"}, {Key: "vcs.time", Value: "2026-01-01T00:00:00Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	if got := buildOf(info, "").String(); !strings.HasPrefix(got, "diastole v0.1.1-0.20260101\ncommit abc123, with changes, 2026-01-01T00:00:00Z\ngo") {
		t.Errorf("from the go command: %s", got)
	}
	if got := buildOf(info, "v0.1.0").version; got != "v0.1.0" {
		t.Errorf("of a release: %s", got)
	}
	if got := buildOf(&debug.BuildInfo{}, ""); got != (build{version: "(devel)", commit: "unknown"}) {
		t.Errorf("of nothing: %+v", got)
	}
}
