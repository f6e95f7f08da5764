package proxy

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/internal/lab"
)

func TestNoClientWritesItsOwnLinesIntoTheLog(t *testing.T) {
	const evil = "a\u009b31m\u202e\u2028\u2029\u200b\ufeff\xff\" }"
	for name, encoder := range map[string]zapcore.Encoder{
		"json":    zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
		"console": zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig()),
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := onSockets(t, lab.Answer(document("")), func(c *Config) {
				c.LogName = func(name string) string { return name } // the worst that may come
				c.Log = zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(&log)), zapcore.DebugLevel))
			})
			for _, p := range []post{
				{cmd: "Ping", user: evil + "\r\n\x1b[31m\x00", lines: "User-Agent: " + evil + "\r\n", query: "Cmd=Ping&DeviceId=d&DeviceType=t"},
				{query: "Cmd=Ping&User=%0d%0a%1b%5b31m%c2%9b&DeviceId=%c2%9b%0a&DeviceType=%e2%80%ae%0aINFO"},
				{query: "Cmd=Ping&DeviceId=" + strings.Repeat("d", 20_000) + "&DeviceType=" + strings.Repeat("t", 20_000)},
				{cmd: "Ping", lines: "User-Agent: " + strings.Repeat("a", 20_000) + "\r\nMS-ASProtocolVersion: " + strings.Repeat("9", 20_000) + "\r\n"},
				{user: evil + "\r\n\x1b[31m\x00", lines: "User-Agent: " + evil + "\r\n", query: "Cmd=Search&DeviceId=d&DeviceType=t"},
				{query: "Cmd=Search&User=%0d%0a%1b%5b31m%c2%9b&DeviceId=%c2%9b%0a" + strings.Repeat("d", 20_000) + "&DeviceType=%e2%80%ae%0aINFO"},
			} {
				wantReply(t, s.ask(p), 200, "")
			}
			s.settled()
			lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
			if len(lines) != 10 {
				t.Errorf("%d lines for four waits and two other requests:\n%s", len(lines), log.String())
			}
			for _, line := range lines {
				if strings.ContainsFunc(line, func(c rune) bool { return c != '\t' && !unicode.IsPrint(c) }) || len(line) > 2000 {
					t.Errorf("%d bytes: %.300q", len(line), line)
				}
				if name == "json" && !json.Valid([]byte(line)) {
					t.Errorf("no JSON: %s", line)
				}
			}
		})
	}
}
