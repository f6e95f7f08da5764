package eas

import (
	"encoding/base64"
	"strings"
	"testing"
)

// The example of MS-ASHTTP 2.2.1.1.1, and a Ping of 14.1 with a policy key.
const (
	querySync = "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"
	queryPing = "jRIJBAp2MTQwRGV2aWNlBGJ4P3kKU21hcnRQaG9uZQ=="
)

func TestBase64QueryReadsTheExamples(t *testing.T) {
	want := Envelope{Command: CommandSync, CommandName: "Sync", DeviceID: "v140Device", DeviceType: "SmartPhone",
		Version: "14.0", Locale: 0x0409, Base64: true}
	if got, err := ParseQuery(querySync); err != nil || got != want {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	want.Command, want.CommandName, want.Version, want.PolicyKey = CommandPing, "Ping", "14.1", "2034202722"
	if got, err := ParseQuery(queryPing); err != nil || got != want {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func TestBase64QueryIsReadWithoutPaddingAndPercentEncoded(t *testing.T) {
	want, _ := ParseQuery(queryPing)
	for _, query := range []string{
		strings.TrimRight(queryPing, "="),
		queryPing[:len(queryPing)-1],
		strings.ReplaceAll(queryPing, "=", "%3D"),
		strings.ReplaceAll(queryPing, "=", "%3d"),
		strings.ReplaceAll(queryPing, "P", "%50"),
	} {
		if got, err := ParseQuery(query); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", query, got, err)
		}
	}
}

// fixed gives the fixed fields of a query with a raw device id.
func fixed(code byte, deviceID, policyKey, deviceType string) string {
	return string([]byte{141, code, 0x09, 0x04, byte(len(deviceID))}) + deviceID +
		string([]byte{byte(len(policyKey))}) + policyKey + string([]byte{byte(len(deviceType))}) + deviceType
}

// Scenario 28: the id is bytes, and '+' and '/' are themselves.
func TestBase64QueryCarriesABinaryDeviceID(t *testing.T) {
	id := "\x00\xfb\xef\xbe\xff\xff\xfe\x00\x01\x02\x03 +/=&"
	query := base64.StdEncoding.EncodeToString([]byte(fixed(18, id, "", "WP8")))
	if !strings.ContainsAny(query, "+") || !strings.ContainsAny(query, "/") {
		t.Fatalf("%s is no test of + and /", query)
	}
	for _, q := range []string{query, strings.NewReplacer("+", "%2B", "/", "%2f", "=", "%3D").Replace(query)} {
		if e, err := ParseQuery(q); err != nil || e.DeviceID != id || e.DeviceType != "WP8" {
			t.Errorf("%s: got %+v, %v", q, e, err)
		}
	}
	if e, err := ParseQuery(strings.ReplaceAll(query, "+", " ")); err == nil {
		t.Errorf("a space is taken for '+': %+v", e)
	}
}

func TestBase64QueryReadsAllParameters(t *testing.T) {
	parameters := "\x00\x055:2:0" + "\x01\x015" + "\x02\x03???" + "\x03\x035:2" + "\x04\x04RgAA" +
		"\x06\x142012-01-01T00:00:00Z" + "\x07\x01\x03" + "\x08\x05DOM\\u" + "\x08\x05other" + "\xff\x00"
	query := base64.StdEncoding.EncodeToString([]byte(fixed(3, "d", "\x00\x00\x00\x00", "") + parameters))
	want := Envelope{Command: CommandSmartReply, CommandName: "SmartReply", DeviceID: "d", Version: "14.1", Locale: 0x0409,
		PolicyKey: "0", AttachmentName: "5:2:0", CollectionID: "5", ItemID: "5:2", LongID: "RgAA",
		Occurrence: "2012-01-01T00:00:00Z", SaveInSent: true, AcceptMultipart: true, User: `DOM\u`, Base64: true}
	if got, err := ParseQuery(query); err != nil || got != want {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func TestBase64QueryRefusesWhatIsNotWhole(t *testing.T) {
	f := func(fields, want string) {
		t.Helper()
		e, err := ParseQuery(base64.StdEncoding.EncodeToString([]byte(fields)))
		if err == nil || !strings.Contains(err.Error(), want) || e.Command != CommandUnknown {
			t.Errorf("%q: got %+v, %v; want an error about %q", fields, e, err, want)
		}
	}
	whole := fixed(18, "device", "\x01\x02\x03\x04", "type")
	for n := 1; n < len(whole); n++ {
		f(whole[:n], "end within the fixed fields")
	}
	f(fixed(18, "", "", "type"), "device id is empty")
	f(fixed(18, "d", "\x01", "type"), "policy key has 0 or 4 bytes")
	f(whole+"\x08", "ends before its length")
	f(whole+"\x08\x05user", "ends before its length")
	f(fixed(5, "d", "", "t"), "command code 5 is not assigned")
	f(fixed(200, "d", "", "t"), "command code 200 is not assigned")

	e, _ := ParseQuery(base64.StdEncoding.EncodeToString([]byte(fixed(24, "d", "", "t"))))
	if e.DeviceID != "d" || e.DeviceType != "t" || e.Version != "14.1" {
		t.Errorf("a command of the future has no envelope: %+v", e)
	}
}
