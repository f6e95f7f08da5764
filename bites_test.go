package diastole

import "strings"

// bites is what each rule is fed: see TestEachRuleBites.
var bites = []struct {
	rule, name string
	files      map[string]string
	want       string // part of the complaint; "" = must pass
}{
	{"arrows", "a pure room asks the proxy", one("heartbeat/a.go", `package heartbeat; import _ "`+module+`/proxy"`), "heartbeat -> proxy is not in arch_test.go"},
	{"arrows", "the codec knows tag names", one("wbxml/a.go", `package wbxml; import "`+module+`/wbxml/eas"`), "wbxml -> wbxml/eas"},
	{"arrows", "a room imports cmd", one("proxy/a.go", `package proxy; import "`+module+`/cmd/diastole"`), "nothing imports cmd"},
	{"arrows", "a test imports cmd", one("test/e2e/a_test.go", `package e2e; import "`+module+`/cmd/diastole"`), "nothing imports cmd"},
	{"arrows", "a room looks into the lab", one("proxy/a.go", `package proxy; import "`+module+`/internal/lab"`), "proxy -> internal/lab"},
	{"arrows", "the lab judges by our proxy", one("internal/lab/a_test.go", `package lab_test; import "`+module+`/proxy"`), "internal/lab -> proxy"},
	{"arrows", "upstream imports something of ours", one("proxy/upstream/a.go", `package upstream; import "`+module+`/wbxml"`), "proxy/upstream -> wbxml"},
	{"arrows", "an unknown room", one("internal/misc/a.go", `package misc`), "no room is called internal/misc"},
	{"arrows", "the root has code", one("a.go", `package diastole; import "`+module+`/wbxml"`), ". -> wbxml"},
	{"arrows", "the proxy's own", one("proxy/a.go", `package proxy; import ("`+module+`/proxy/upstream"; "`+module+`/wbxml/eas")`), ""},
	{"arrows", "cmd wires", one("cmd/diastole/a.go", `package main; import ("`+module+`/proxy"; "`+module+`/internal/lab")`), ""},
	{"arrows", "a test from outside, with the lab", one("proxy/a_test.go", `package proxy_test; import ("`+module+`/proxy"; "`+module+`/internal/lab")`), ""},
	{"arrows", "a module with a longer name", one("wbxml/a.go", `package wbxml; import "`+module+`x/proxy"`), ""},

	{"libraries", "certmagic in the proxy", one("proxy/a.go", `package proxy; import "github.com/caddyserver/certmagic"`), "certmagic must not be used in proxy"},
	{"libraries", "zap in the codec", one("wbxml/eas/a.go", `package eas; import "go.uber.org/zap/zapcore"`), "libraries return errors"},
	{"libraries", "prometheus in a decider", one("policy/a_test.go", `package policy; import "github.com/prometheus/client_golang/prometheus"`), "libraries return values"},
	{"libraries", "an lru in the config", one("internal/config/a.go", `package config; import "github.com/hashicorp/golang-lru/v2/simplelru"`), "device tables"},
	{"libraries", "testify", one("proxy/a_test.go", `package proxy; import "github.com/stretchr/testify/require"`), "the standard library is enough"},
	{"libraries", "a test library in the program", one("proxy/a.go", `package proxy; import "pgregory.net/rapid"`), "only tests"},
	{"libraries", "at home", one("proxy/upstream/a.go", `package upstream; import ("go.uber.org/zap"; "github.com/hashicorp/golang-lru/v2")`), ""},
	{"libraries", "rapid in a test", one("wbxml/a_test.go", `package wbxml; import "pgregory.net/rapid"`), ""},

	{"pure rooms", "a decider reads a file", one("policy/a.go", `package policy; import "os"`), "os in a pure room"},
	{"pure rooms", "the codec logs", one("wbxml/eas/a.go", `package eas; import "log/slog"`), "log/slog in a pure room"},
	{"pure rooms", "the holder knows HTTP", one("proxy/hold/a.go", `package hold; import "net/http"`), "knows no HTTP"},
	{"pure rooms", "its tests may read files", one("wbxml/a_test.go", `package wbxml; import "os"`), ""},

	{"forbidden calls", "a decider looks at the clock", one("heartbeat/a.go", `package heartbeat; import "time"; var t = time.Now()`), "deciders take now"},
	{"forbidden calls", "as a value, under another name", one("policy/a.go", `package policy; import clock "time"; var now = clock.Now`), "policy/a.go:1: time.Now: deciders take now"},
	{"forbidden calls", "through Since", one("wbxml/eas/a.go", `package eas; import "time"; var d = time.Since(time.Time{})`), "time.Since"},
	{"forbidden calls", "the proxy may look", one("proxy/a.go", `package proxy; import "time"; var t = time.Now()`), ""},
	{"forbidden calls", "a room ends the process", one("internal/edge/a.go", `package edge; import "os"; func f() { os.Exit(1) }`), "only main ends the process"},
	{"forbidden calls", "by way of the log", one("internal/edge/a_test.go", `package edge; import "log"; func f() { log.Fatalf("") }`), "log.Fatalf"},
	{"forbidden calls", "main ends it", one("cmd/diastole/a.go", `package main; import "os"; func main() { os.Exit(1) }`), ""},
	{"forbidden calls", "TestMain ends a test's process", one("internal/edge/a_test.go", `package edge; import "os"; func TestMain() { os.Exit(1) }`), ""},
	{"forbidden calls", "TestMain outside a test", one("internal/edge/a.go", `package edge; import "os"; func TestMain() { os.Exit(1) }`), "os.Exit"},
	{"forbidden calls", "the shared client", one("proxy/a_test.go", `package proxy; import "net/http"; var c = http.DefaultClient`), "net/http.DefaultClient"},
	{"forbidden calls", "the shared client behind Get", one("cmd/diastole/a.go", `package main; import "net/http"; func f() { http.Get("") }`), "net/http.Get"},
	{"forbidden calls", "the shared transport", one("test/e2e/a_test.go", `package e2e; import "net/http"; var t = http.DefaultTransport`), "net/http.DefaultTransport"},
	{"forbidden calls", "work that nobody can end", one("internal/wake/a.go", `package wake; import "context"; var c = context.Background()`), "take the caller's context"},
	{"forbidden calls", "or is not decided", one("proxy/a.go", `package proxy; import "context"; var c = context.TODO()`), "context.TODO"},
	{"forbidden calls", "a test begins its own", one("proxy/a_test.go", `package proxy; import "context"; var c = context.Background()`), ""},
	{"forbidden calls", "NewSingleHostReverseProxy", one("proxy/a.go", `package proxy; import "net/http/httputil"; var p = httputil.NewSingleHostReverseProxy(nil)`), "use Rewrite"},
	{"forbidden calls", "a dot hides a call", one("heartbeat/a.go", `package heartbeat; import . "time"; var t = Now()`), "hides"},

	{"director", "in a literal", one("proxy/a.go", `package proxy; import "net/http/httputil"; var p = &httputil.ReverseProxy{FlushInterval: -1, Director: nil}`), "use Rewrite"},
	{"director", "Rewrite", one("proxy/a.go", `package proxy; import "net/http/httputil"; var p = httputil.ReverseProxy{Rewrite: nil}`), ""},
	{"director", "without keys", one("proxy/a.go", `package proxy; import "net/http/httputil"; var p = httputil.ReverseProxy{nil}`), ""},
	{"director", "another Director", one("proxy/a.go", `package proxy; type film struct{ Director string }; var f = film{Director: ""}; var g = []int{1}`), ""},

	{"real sleeps", "beside a bubble", one("proxy/a_test.go", `package proxy; import ("testing"; "testing/synctest"; "time")
func TestA(t *testing.T) { synctest.Test(t, func(t *testing.T) {}); time.Sleep(1) }`), "proxy/a_test.go:2"},
	{"real sleeps", "in a bubble", one("proxy/a_test.go", `package proxy; import ("testing"; "testing/synctest"; "time")
func TestA(t *testing.T) { synctest.Test(t, func(t *testing.T) { time.Sleep(1) }) }`), ""},
	{"real sleeps", "in a bubble that a helper makes", map[string]string{
		"proxy/world_test.go": `package proxy; import ("testing"; "testing/synctest"); func world(t *testing.T, f func(*testing.T)) { synctest.Test(t, f) }`,
		"proxy/a_test.go":     `package proxy; import ("testing"; "time"); func TestA(t *testing.T) { world(t, func(t *testing.T) { time.Sleep(1) }) }`}, ""},
	{"real sleeps", "beside that helper", map[string]string{
		"proxy/world_test.go": `package proxy; import ("testing"; "testing/synctest"); func world(t *testing.T, f func(*testing.T)) { synctest.Test(t, f) }`,
		"proxy/a_test.go":     `package proxy; import ("testing"; "time"); func TestA(t *testing.T) { world(t, nil); time.Sleep(1) }`}, "proxy/a_test.go:1"},
	{"real sleeps", "in a helper of a room without bubbles", one("wbxml/a_test.go", `package wbxml; import "time"; func wait() { time.Sleep(1) }`), "wbxml/a_test.go:1"},
	{"real sleeps", "against a real server", one("test/e2e/a_test.go", `package e2e; import "time"; func f() { time.Sleep(1) }`), ""},

	{"package comments", "none", one("wbxml/a.go", "package wbxml"), "wbxml: 0 package comments"},
	{"package comments", "two", map[string]string{"wbxml/a.go": "// Package wbxml is\npackage wbxml", "wbxml/b.go": "// Package wbxml is too\npackage wbxml"}, "wbxml: 2 package comments"},
	{"package comments", "about something else", one("wbxml/a.go", "// Helpers.\npackage wbxml"), `must begin with "Package wbxml "`},
	{"package comments", "one, and none in the test", map[string]string{"wbxml/a.go": "// Package wbxml reads.\npackage wbxml", "wbxml/a_test.go": "package wbxml"}, ""},

	{"package names", "util", one("proxy/util/a.go", "package util"), "package util says nothing"},
	{"package names", "from outside", one("proxy/types/a_test.go", "package types_test"), "package types says nothing"},

	{"file length", "501 lines", one("proxy/a_test.go", "package proxy"+strings.Repeat("\n", 501)), "501 lines, at most 500"},
	{"file length", "500 lines", one("proxy/a.go", "package proxy"+strings.Repeat("\n", 500)), ""},
	{"median length", "two long, one short", lengths(151, 151, 2), "median file has 151 lines"},
	{"median length", "one long, two short", lengths(499, 150, 2), ""},
	{"function length", "61 lines", one("proxy/a.go", "package proxy\nfunc f() {"+strings.Repeat("\n", 60)+"}"), "f has 61 lines"},
	{"function length", "a long test", one("proxy/a_test.go", "package proxy\nfunc TestA() {"+strings.Repeat("\n", 60)+"}"), "TestA has 61 lines"},
	{"function length", "a test with a long table", one("proxy/a_test.go", "package proxy\nfunc TestA() {\n_ = []int{"+strings.Repeat("\n", 90)+"}\n}"), ""},
	{"function length", "a test with a long subtest", one("proxy/a_test.go", "package proxy\nfunc TestA() {\nrun(func() {"+strings.Repeat("\n", 60)+"})\n}"), "a function has 61 lines"},
	{"function length", "a test with two subtests", one("proxy/a_test.go", "package proxy\nfunc TestA() {"+strings.Repeat("\nrun(func() {"+strings.Repeat("\n", 40)+"})", 2)+"\n}"), ""},
	{"log lines", "a message that varies", one("proxy/a.go", "package proxy\nfunc f() { log.Info(\"lost \" + name) }"), "the message must be a constant"},
	{"log lines", "a level that nobody sees", one("proxy/a.go", "package proxy\nfunc f() { log.Log(c.level(), \"lost\") }"), "the level cannot be seen"},
	{"log lines", "a time without its unit", one("proxy/a.go", "package proxy\nfunc f() { log.Info(\"lost\", zap.Float64(\"held\", 1)) }"), "its name ends in _seconds"},
	{"log lines", "a duration", one("proxy/a.go", "package proxy\nfunc f() { log.Info(\"lost\", zap.Duration(\"held_seconds\", 1)) }"), "a time is zap.Float64"},
	{"log lines", "a name with a dash", one("proxy/a.go", "package proxy\nfunc f() { log.Info(\"lost\", zap.Int(\"so-many\", 1)) }"), "snake_case"},
	{"log lines", "a log under another name", one("proxy/a.go", "package proxy\nfunc f() { out.Info(\"lost\", zap.Int(\"many\", 1)) }"), "must be called log"},
	{"log lines", "as they should be", one("proxy/a.go", "package proxy\nfunc f() { p.log.Info(\"lost\"+\" it\", zap.Float64(\"held_seconds\", 1)) }"), ""},
	{"function length", "60 lines", one("proxy/a.go", "package proxy\nfunc f() {"+strings.Repeat("\n", 59)+"}"), ""},
}

func one(path, text string) map[string]string { return map[string]string{path: text} }

// lengths is a house with files of so many lines.
func lengths(lines ...int) map[string]string {
	files := map[string]string{}
	for i, n := range lines {
		files["proxy/"+string(rune('a'+i))+".go"] = "package proxy" + strings.Repeat("\n", n)
	}
	return files
}
