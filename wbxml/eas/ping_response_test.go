package eas

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"testing"
)

func TestPingResponseReadsWhatServersSend(t *testing.T) {
	for _, r := range readings(t, "response") {
		want := PingResponse{}
		status, _ := strconv.Atoi(r.Expect.Status)
		want.Status = PingStatus(status)
		want.MaxFolders, _ = strconv.Atoi(r.Expect.MaxFolders)
		if r.Expect.Heartbeat != nil {
			want.Interval, _ = strconv.Atoi(*r.Expect.Heartbeat)
		}
		if err := json.Unmarshal(r.Expect.Folders, &want.Folders); err != nil {
			t.Fatal(err)
		}
		body := pingDocument(t, r.File)
		got, err := ParsePingResponse(body)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", r.File, got, err, want)
		}
		if again := got.Append(nil); !bytes.Equal(again, body) {
			t.Errorf("%s: written again it is\n%x, it was\n%x", r.File, again, body)
		}
	}
}

// The bytes that were assembled by hand and checked with libwbxml.
func TestPingResponseIsWrittenAsDevicesWantIt(t *testing.T) {
	f := func(r PingResponse, want string) {
		t.Helper()
		if got := r.Append([]byte("x")); string(got) != "x"+want {
			t.Errorf("%+v\ngot  %x\nwant %x", r, got[1:], want)
		}
	}
	f(PingResponse{Status: PingExpired}, "\x03\x01\x6a\x00\x00\x0d\x45\x47\x031\x00\x01\x01")
	f(PingResponse{Status: PingChanges, Folders: []string{"5"}},
		"\x03\x01\x6a\x00\x00\x0d\x45\x47\x032\x00\x01\x49\x4a\x035\x00\x01\x01\x01")
	f(PingResponse{Status: PingInterval, Interval: 3540},
		"\x03\x01\x6a\x00\x00\x0d\x45\x47\x035\x00\x01\x48\x033540\x00\x01\x01")
	f(PingResponse{Status: PingTooManyFolders, MaxFolders: 200},
		"\x03\x01\x6a\x00\x00\x0d\x45\x47\x036\x00\x01\x4d\x03200\x00\x01\x01")
	f(PingResponse{Status: PingChanges, Folders: []string{"5\x006"}},
		"\x03\x01\x6a\x00\x00\x0d\x45\x47\x032\x00\x01\x49\x4a\xc3\x035\x006\x01\x01\x01")
}

// Scenario 22: any status is read as the number that it is, with whatever else
// stands beside it, and none but 2 is mail.
func TestPingResponseReadsEveryStatus(t *testing.T) {
	for _, status := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 42, 142, 177, 99999} {
		body := document(t, `<Ping xmlns="Ping"><AutdState/><Status>`+strconv.Itoa(status)+
			`</Status><Folder>9</Folder><Sync xmlns="AirSync"><Status>2</Status></Sync></Ping>`)
		got, err := ParsePingResponse(body)
		if err != nil || int(got.Status) != status || len(got.Folders) != 0 {
			t.Errorf("%d: got %+v, %v", status, got, err)
		}
	}
}

// Scenarios 22, 23 and 24: what cannot be read is an error, never mail.
func TestAPingResponseThatCannotBeReadIsNoMail(t *testing.T) {
	f := func(name, body string) {
		t.Helper()
		if got, err := ParsePingResponse([]byte(body)); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
	head := "\x03\x01\x6a\x00\x00\x0d\x45"
	f("no body", "")
	f("sign-in page", "<!DOCTYPE html><html><body>Status 2</body></html>")
	f("XML", `<?xml version="1.0"?><Ping xmlns="Ping"><Status>2</Status></Ping>`)
	f("gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")
	f("empty Ping", head[:len(head)-1]+"\x05")
	f("no status", head+"\x49\x4a\x035\x00\x01\x01\x01")
	f("two", head+"\x47\x031\x00\x01\x47\x032\x00\x01\x01")
	f("no number", head+"\x47\x03two\x00\x01\x01")
	f("zero", head+"\x47\x030\x00\x01\x01")
	f("negative", head+"\x47\x03-2\x00\x01\x01")
	f("empty status", head+"\x07\x01")
	f("attributes", head+"\xc7\x05\x01\x032\x00\x01\x01")
	f("attributes behind the status", head+"\x47\x032\x00\x01\xc9\x05\x01\x01\x01")
	f("a Sync", "\x03\x01\x6a\x00\x45\x4e\x032\x00\x01\x01")

	whole := PingResponse{Status: PingChanges, Folders: []string{"1234", "5678"}}.Append(nil)
	for n := range whole {
		f("cut", string(whole[:n]))
	}
	for _, tail := range []string{"\x00", "\r\n", "\x01\x01", "<!-- 5 ms -->"} {
		got, err := ParsePingResponse([]byte(string(whole) + tail))
		if err != nil || got.Status != PingChanges || len(got.Folders) != 2 {
			t.Errorf("%q behind it: %+v, %v", tail, got, err)
		}
	}
}

func BenchmarkParsePingResponse(b *testing.B) {
	body := pingDocument(b, "ascmd-resp-changes.wbxml")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePingResponse(body); err != nil {
			b.Fatal(err)
		}
	}
}
