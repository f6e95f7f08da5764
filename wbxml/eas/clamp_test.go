package eas

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const header = "\x03\x01\x6a\x00"

func parsedPing(t testing.TB, body []byte) *PingRequest {
	t.Helper()
	var p PingRequest
	if err := p.Parse(body); err != nil {
		t.Fatal(err)
	}
	return &p
}

func parsedSync(t testing.TB, body []byte) *SyncRequest {
	t.Helper()
	r, err := ParseSyncRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	return &r
}

// Byte for byte, in each form that an interval may have: give is 12 minutes.
func TestAPingIsLoweredInItsIntervalAlone(t *testing.T) {
	f := func(content, want string) {
		t.Helper()
		body := []byte(header + "\x00\x0d\x45" + content + "\x01")
		got, ok := parsedPing(t, body).Clamp([]byte("kept"), body, 12*time.Minute+900*time.Millisecond)
		if want == "" {
			if ok || string(got) != "kept" {
				t.Errorf("%q became %q, want it left alone", content, got)
			}
		} else if !ok || string(got) != "kept"+header+"\x00\x0d\x45"+want+"\x01" {
			t.Errorf("%q\nbecame %q, %v\nwant   %q", content, got, ok, want)
		}
	}
	const lower, folders = "\x48\x03720\x00\x01", "\x49\x4a\x4b\x035\x00\x01\x4c\x03Email\x00\x01\x01\x01"
	f("\x48\x03900\x00\x01"+folders, lower+folders)
	f("\x48\x031680\x00\x01", lower)                                                                // interval only
	f("\x48\x030900\x00\x01", lower)                                                                // a leading zero
	f("\x48\x0399999999999999999999\x00\x01", lower)                                                // huge
	f("\x48\x039\x00\x0300\x00\x01"+folders, lower+folders)                                         // split
	f("\x48\xc3\x03900\x01"+folders, lower+folders)                                                 // OPAQUE
	f("\x48\x039\x00\xc3\x0200\x01", lower)                                                         // both
	f("\x48\x00\x0d\x03900\x00\x00\x0d\x01"+folders, "\x48\x00\x0d\x03720\x00\x00\x0d\x01"+folders) // pages switched within
	f(folders+"\x48\x03900\x00\x01", folders+lower)                                                 // at the end
	f(folders, lower+folders)                                                                       // folders only: in front
	f("\x49\x01", lower+"\x49\x01")
	f("\x00\x02\x55\x48\x031\x00\x01\x01\x00\x0d\x48\x03900\x00\x01", "\x00\x02\x55\x48\x031\x00\x01\x01\x00\x0d"+lower) // the same token elsewhere

	f("\x48\x03720\x00\x01"+folders, "") // exactly that
	f("\x48\x03180\x00\x01"+folders, "") // scenario 12: Outlook
	for _, odd := range []string{"0", "-1", "-100", "abc", " 900", "+900", "1e3", ""} {
		f("\x48\x03"+odd+"\x00\x01"+folders, "") // scenario 11
	}
	f("\x48\x01"+folders, "")
	f("\x08"+folders, "")
	f("\x48\x03900\x00\x01\x48\x03900\x00\x01", "")       // twice
	f("\x48\x03900\x00\x01\x08", "")                      // twice, once empty
	f("\x48\x03900\x00\x4a\x01\x01"+folders, "")          // with a child in it
	f("\x48\x4b\x035\x00\x01\x03900\x00\x01"+folders, "") // before the text
	f("\x00\x02\x55\x01", "")                             // neither half
}

// Scenario 6: a request without a body has no bytes to change.
func TestAPingWithoutABodyGoesUpInFull(t *testing.T) {
	var p PingRequest
	if got, ok := p.Clamp(nil, nil, time.Minute); ok || len(got) != 0 {
		t.Errorf("the zero request became %x", got)
	}
	if got, ok := parsedPing(t, nil).Clamp(nil, nil, time.Minute); ok || len(got) != 0 {
		t.Errorf("no body became %x", got)
	}
	folders := []PingFolder{{ID: []byte("5"), Class: []byte("Email")}, {ID: []byte("a\x00b")}}
	want := document(t, `<Ping xmlns="Ping"><HeartbeatInterval>720</HeartbeatInterval></Ping>`)
	if got := FullPing(nil, 12*time.Minute); !bytes.Equal(got, want) {
		t.Errorf("without folders %x, want %x", got, want)
	}
	q := parsedPing(t, FullPing(folders, 720900*time.Millisecond))
	if q.Interval != 720 || !reflect.DeepEqual(q.Folders, folders) {
		t.Errorf("got %+v", q)
	}
}

func TestASyncIsLoweredInItsOwnUnit(t *testing.T) {
	f := func(element, give string, want string) {
		t.Helper()
		d, err := time.ParseDuration(give)
		if err != nil {
			t.Fatal(err)
		}
		const before, after = `<Sync xmlns="AirSync"><Collections><Collection><SyncKey>7</SyncKey><CollectionId>5</CollectionId></Collection></Collections>`, `<WindowSize>9</WindowSize></Sync>`
		body := document(t, before+element+after)
		r := parsedSync(t, body)
		got, ok := r.Clamp(nil, body, d)
		switch {
		case want == "" && ok:
			t.Errorf("%s at %s: became %x, want it left alone", element, give, got)
		case want != "" && !bytes.Equal(got, document(t, before+want+after)):
			t.Errorf("%s at %s: became %x, want %s", element, give, got, want)
		case want != "" && parsedSync(t, got).Hold() != r.Granted(d):
			t.Errorf("%s at %s: granted %s, holds for %s", element, give, r.Granted(d), parsedSync(t, got).Hold())
		}
	}
	f("<Wait>15</Wait>", "12m", "<Wait>12</Wait>")
	f("<Wait>15</Wait>", "12m59s", "<Wait>12</Wait>")
	f("<Wait>15</Wait>", "20s", "<Wait>1</Wait>") // 0 minutes would be an error
	f("<Wait>99999999999</Wait>", "59m", "<Wait>59</Wait>")
	f("<HeartbeatInterval>900</HeartbeatInterval>", "12m30.9s", "<HeartbeatInterval>750</HeartbeatInterval>")
	f("<HeartbeatInterval>900</HeartbeatInterval>", "1ms", "<HeartbeatInterval>1</HeartbeatInterval>")

	f("<Wait>12</Wait>", "12m", "")
	f("<Wait>12</Wait>", "12m59s", "")
	f("<Wait>1</Wait>", "20s", "")
	f("<HeartbeatInterval>180</HeartbeatInterval>", "3m", "")
	f("", "1m", "")
	f("<Wait>15</Wait><HeartbeatInterval>900</HeartbeatInterval>", "1m", "") // Status 4 is the server's to say
	f("<Wait>15</Wait><Wait>15</Wait>", "1m", "")
	f("<Wait/>", "1m", "")
	f("<Wait>-15</Wait>", "1m", "")
	empty := parsedSync(t, nil)
	if got, ok := empty.Clamp(nil, nil, time.Minute); ok || len(got) != 0 || empty.Granted(time.Minute) != 0 {
		t.Errorf("no body became %x, granted %s", got, empty.Granted(time.Minute))
	}
}

// A Sync may carry what nobody here understands, and a Wait in pieces.
func TestASyncKeepsWhatIsNotUnderstood(t *testing.T) {
	const before = header + "\x45\x5c\x4f\x4b\x037\x00\x01\x57\x00\x11\x45\x46\x031\x00\x01\x01\x00\x00\x01\x01\x01"
	const after = "\x26\x01padding"
	body := []byte(before + "\x64\x031\x00\xc3\x015\x01" + after)
	got, ok := parsedSync(t, body).Clamp(nil, body, 8*time.Minute)
	if want := before + "\x64\x038\x00\x01" + after; !ok || string(got) != want {
		t.Errorf("got  %q, %v\nwant %q", got, ok, want)
	}
}

func TestARefusalCarriesTheLimitInTheUnitThatWasAsked(t *testing.T) {
	r, err := ParsePingResponse(RefusedPing(12*time.Minute + 900*time.Millisecond))
	if want := (PingResponse{Status: PingInterval, Interval: 720}); err != nil || !reflect.DeepEqual(r, want) {
		t.Errorf("Ping: %+v, %v", r, err)
	}
	for element, want := range map[string]int{"<Wait>15</Wait>": 12, "<HeartbeatInterval>900</HeartbeatInterval>": 750} {
		request := parsedSync(t, document(t, `<Sync xmlns="AirSync">`+element+`</Sync>`))
		s, err := ParseSyncResponse(request.Refused(12*time.Minute + 30*time.Second))
		if err != nil || s.Status != SyncInvalidWait || s.Limit != want || s.Collections != nil {
			t.Errorf("%s: %+v, %v; want %d", element, s, err, want)
		}
	}
	// AOSP throws on a limit below 1, and 0 minutes are an error.
	tiny := parsedSync(t, document(t, `<Sync xmlns="AirSync"><Wait>15</Wait></Sync>`))
	if s, err := ParseSyncResponse(tiny.Refused(time.Millisecond)); err != nil || s.Limit != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	if r, err := ParsePingResponse(RefusedPing(0)); err != nil || r.Interval != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAnyLoweredPingDiffersInItsIntervalOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := PingRequest{HasInterval: rapid.Bool().Draw(t, "interval"), HasFolders: true}
		p.Interval = rapid.IntRange(1, 5000).Draw(t, "asked")
		for range rapid.IntRange(0, 4).Draw(t, "folders") {
			p.Folders = append(p.Folders, PingFolder{ID: []byte(rapid.StringN(1, 8, 20).Draw(t, "id")), Class: []byte("Email")})
		}
		body := p.Append(nil)
		give := time.Duration(rapid.Int64Range(0, int64(90*time.Minute)).Draw(t, "give"))
		checkPingClamp(t, body, give)
	})
}

func TestAnyLoweredSyncDiffersInItsWaitOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := SyncRequest{Wait: -1, Interval: -1, Partial: rapid.Bool().Draw(t, "partial"), WindowSize: rapid.IntRange(0, 512).Draw(t, "window")}
		if rapid.Bool().Draw(t, "minutes") {
			r.Wait = rapid.IntRange(1, 100).Draw(t, "wait")
		} else {
			r.Interval = rapid.IntRange(1, 5000).Draw(t, "interval")
		}
		for range rapid.IntRange(0, 3).Draw(t, "collections") {
			r.Collections = append(r.Collections, collection(rapid.StringN(1, 8, 20).Draw(t, "id"), "Email", "7"))
		}
		body := r.Append(nil, rapid.SampledFrom([]string{"12.1", "14.1"}).Draw(t, "version"))
		give := time.Duration(rapid.Int64Range(0, int64(90*time.Minute)).Draw(t, "give"))
		checkSyncClamp(t, body, give)
	})
}
