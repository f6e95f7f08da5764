package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestJSONSteersNoTerminalAndSaysTheSame(t *testing.T) {
	const name = "jörg \u009b31m \u202eabc \x7f \U000e0041 \x1b[2J"
	text, err := json.Marshal([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := writeJSON(&out, text); err != nil {
		t.Fatal(err)
	}
	var again []string
	if err := json.Unmarshal(out.Bytes(), &again); err != nil || len(again) != 1 || again[0] != name {
		t.Errorf("%s is read as %q, %v", out.String(), again, err)
	}
	if strings.ContainsAny(out.String(), "\u009b\u202e\x7f\U000e0041\x1b") || !strings.Contains(out.String(), "jörg") {
		t.Errorf("%q", out.String())
	}
}

func TestWhatADocumentSaysSteersNoTerminalInJSON(t *testing.T) {
	for _, args := range [][]string{
		{"--hex", "03 01 6a 00 00 0d 45 48 03 c2 9b 33 31 6d 00 01 01"},
		{"--query", "Cmd=Ping&User=%c2%9b31m&DeviceId=a1&DeviceType=iPhone"},
	} {
		o := runProgram(t, "", append([]string{"decode", "--json"}, args...)...)
		if o.code != exitOK || strings.Contains(o.out, "\u009b") || !strings.Contains(o.out, `\u009b31m`) {
			t.Errorf("exit code %d: %q %s", o.code, o.out, o.err)
		}
	}
}
