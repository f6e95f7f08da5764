package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const pingXML = `<Ping xmlns="Ping">
  <HeartbeatInterval>480</HeartbeatInterval>
</Ping>
`

// Whatever people have a document in, they get the same XML.
func TestADocumentIsReadInEveryFormPeopleHaveItIn(t *testing.T) {
	digits := hex.EncodeToString([]byte(pingBody))
	dir := t.TempDir()
	binaryFile, textFile := filepath.Join(dir, "ping.wbxml"), filepath.Join(dir, "ping.txt")
	for name, content := range map[string]string{binaryFile: pingBody, textFile: digits + "\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var pairs, escaped []string
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, strings.ToUpper(digits[i:i+2]))
		escaped = append(escaped, `\x`+digits[i:i+2])
	}
	want := outcome{exitOK, pingXML, ""}
	for name, o := range map[string]outcome{
		"file":              runProgram(t, "", "decode", binaryFile),
		"file of digits":    runProgram(t, "", "decode", textFile),
		"standard input":    runProgram(t, pingBody, "decode"),
		"a dash":            runProgram(t, pingBody, "decode", "-"),
		"digits on input":   runProgram(t, digits, "decode"),
		"digits in lines":   runProgram(t, "\n"+digits[:10]+"\r\n"+digits[10:]+"\n", "decode"),
		"--hex":             runProgram(t, "", "decode", "--hex", digits),
		"--hex with spaces": runProgram(t, "", "decode", "--hex", strings.Join(pairs, " ")),
		"--hex with colons": runProgram(t, "", "decode", "--hex", strings.Join(pairs, ":")),
		"--hex with commas": runProgram(t, "", "decode", "--hex", strings.Join(pairs, ", ")),
		"escapes":           runProgram(t, "", "decode", "--hex", strings.Join(escaped, "")),
		"escapes on input":  runProgram(t, strings.Join(escaped, ""), "decode"),
	} {
		t.Run(name, func(t *testing.T) { o.is(t, want) })
	}
}

func TestOfABrokenDocumentTheBeginningIsPrintedAndThenTheFault(t *testing.T) {
	runProgram(t, pingBody[:13], "decode").is(t, outcome{exitError, "<Ping xmlns=\"Ping\">\n  <HeartbeatInterval>480\n",
		"diastole: standard input: wbxml: byte 13: document ends before its root element does\n"})
	runProgram(t, "", "decode", "--hex", "03016a00000d4").is(t, outcome{exitError, "",
		"diastole: --hex: wbxml: byte 6: an odd number of hexadecimal digits\n"})
	runProgram(t, "", "decode", "--hex", "hello").is(t, outcome{exitError, "",
		"diastole: --hex: wbxml: byte 0: 'h' is no hexadecimal digit\n"})
	runProgram(t, "", "decode", "no-such-file").is(t, outcome{exitError, "",
		"diastole: open no-such-file: no such file or directory\n"})
}

func TestAPlainQueryBecomesATable(t *testing.T) {
	const want = `form         plain
command      Ping
user         CORP\jo
device id    ApplDMPL1234
device type  iPhone
device key   appldmpl1234
`
	query := `Cmd=Ping&User=CORP%5Cjo&DeviceId=ApplDMPL1234&DeviceType=iPhone`
	for _, text := range []string{
		query,
		"?" + query,
		"/Microsoft-Server-ActiveSync?" + query,
		"https://mail.example.com/Microsoft-Server-ActiveSync?" + query,
		"POST /Microsoft-Server-ActiveSync?" + query + " HTTP/1.1",
	} {
		runProgram(t, "", "decode", "--query", text).is(t, outcome{exitOK, want, ""})
	}
}

// base64Query is FolderSync of protocol 14.1 from a device with a raw GUID
// (MS-ASHTTP 2.2.1.1.1.1): version, command 9, locale, counted id, key, type.
var base64Query = base64.StdEncoding.EncodeToString([]byte("\x8d\x09\x09\x04" +
	"\x10\x80\x0f\x9c\x79\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b" +
	"\x04\x2a\x00\x00\x00" + "\x0aSmartPhone" + "\x08\x02jo"))

func TestABase64QueryBecomesATableOrJSON(t *testing.T) {
	const want = `form         base64
command      FolderSync
user         jo
device id    800f9c79000102030405060708090a0b
device type  SmartPhone
device key   800f9c79000102030405060708090a0b
version      14.1
policy key   42
locale       0x0409
`
	runProgram(t, "", "decode", "--query", base64Query).is(t, outcome{exitOK, want, ""})

	o := runProgram(t, "", "decode", "--json", "--query", base64Query)
	var got map[string]string
	if err := json.Unmarshal([]byte(o.out), &got); err != nil || o.code != exitOK || o.err != "" {
		t.Fatalf("%v in %+v", err, o)
	}
	for _, line := range strings.Split(strings.TrimSpace(want), "\n") {
		name, value := strings.ReplaceAll(strings.TrimSpace(line[:13]), " ", "_"), line[13:]
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}

func TestWhatAQuerySaysCannotDriveTheTerminal(t *testing.T) {
	o := runProgram(t, "", "decode", "--query", "Cmd=Ping&User=%1b%5b2Jjo%0aform&DeviceId=a&DeviceType=b")
	if o.code != exitOK || !strings.Contains(o.out, `user         "\x1b[2Jjo\nform"`+"\n") {
		t.Errorf("got %+v", o)
	}
}

func TestOfABrokenQueryWhatCanBeReadIsPrintedAndThenTheFault(t *testing.T) {
	o := runProgram(t, "", "decode", "--query", "User=jo&DeviceId=a")
	o.is(t, outcome{exitError, "form        plain\nuser        jo\ndevice id   a\ndevice key  a\n",
		"diastole: eas: the query names no command: neither Cmd= nor a base64 query (MS-ASHTTP 2.2.1.1.1)\n"})
}

func TestADocumentAsJSONHasPagesTagsAndContentInOrder(t *testing.T) {
	const ping = `{"page":"Ping","tag":"Ping","content":[{"page":"Ping","tag":"HeartbeatInterval","content":["480"]},{"page":"Ping","tag":"Folders","content":[]}]}`
	for digits, want := range map[string]string{
		"03 01 6a 00 00 0d 45 48 03 34 38 30 00 01 09 01": ping,
		"03 01 6a 00 00 0d 45 48 c3 02 ff fe 01 7f 01 01": `{"page":"Ping","tag":"Ping","content":[{"page":"Ping","tag":"HeartbeatInterval","content":[{"base64":"//4="}]},{"page":"Ping","tag":"x3F","content":[]}]}`,
	} {
		o := runProgram(t, "", "decode", "--json", "--hex", digits)
		var got bytes.Buffer
		if err := json.Compact(&got, []byte(o.out)); err != nil || got.String() != want || o.code != exitOK || o.err != "" {
			t.Errorf("%s: %v, %+v, want %s", digits, err, o, want)
		}
	}
	o := runProgram(t, "", "decode", "--json", "--hex", "03 01 6a 00 00 0d 45 48 03 34 38")
	if !json.Valid([]byte(o.out)) || !strings.Contains(o.out, `"48"`) || o.code != exitError || !strings.Contains(o.err, "byte 11") {
		t.Errorf("a broken one: %+v", o)
	}
	if o := runProgram(t, "", "decode", "--json", "--hex", "ff"); o.out != "" || o.code != exitError {
		t.Errorf("nothing of it: %+v", o)
	}
}
