package eas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/diastole/diastole/wbxml"
)

// reading is how a Ping document is to be read, as in testdata/ping.json.
type reading struct {
	File   string
	Expect struct {
		Direction, Status, MaxFolders string
		Heartbeat                     *string
		Folders                       json.RawMessage
	}
}

func readings(t testing.TB, direction string) []reading {
	t.Helper()
	data, err := os.ReadFile("testdata/ping.json")
	if err != nil {
		t.Fatal(err)
	}
	var all, those []reading
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Expect.Direction == direction {
			those = append(those, r)
		}
	}
	if len(those) < 5 {
		t.Fatalf("only %d documents are a %s", len(those), direction)
	}
	return those
}

type wantFolder struct {
	ID    string
	Class *string
}

func sameFolders(got []PingFolder, want []wantFolder) bool {
	if len(got) != len(want) {
		return false
	}
	for i, f := range got {
		if string(f.ID) != want[i].ID || (f.Class == nil) != (want[i].Class == nil) ||
			f.Class != nil && string(f.Class) != *want[i].Class {
			return false
		}
	}
	return true
}

func TestPingRequestReadsWhatClientsSend(t *testing.T) {
	var p PingRequest
	for _, r := range readings(t, "request") {
		var folders []wantFolder
		if err := json.Unmarshal(r.Expect.Folders, &folders); err != nil {
			t.Fatal(err)
		}
		body := pingDocument(t, r.File)
		err := p.Parse(body)
		if err != nil || !sameFolders(p.Folders, folders) || p.HasFolders != (folders != nil) ||
			p.HasInterval != (r.Expect.Heartbeat != nil) || p.Duplicate || p.Empty {
			t.Errorf("%s: got %+v, %v", r.File, p, err)
		}
		if p.HasInterval {
			text := *r.Expect.Heartbeat
			if string(p.IntervalText) != text || fmt.Sprint(p.Interval) != text ||
				string(body[p.IntervalStart:p.IntervalEnd]) != text {
				t.Errorf("%s: the interval is %s, got %+v", r.File, text, p)
			}
		}
		if again := p.Append(nil); !bytes.Equal(again, body) {
			t.Errorf("%s: written again it is\n%x, it was\n%x", r.File, again, body)
		}
	}
}

// Scenario 6, as far as the body goes: no body is the same as last time, an
// empty Ping element is not.
func TestPingWithoutABodyIsNotAnEmptyPing(t *testing.T) {
	var p PingRequest
	if err := p.Parse(nil); err != nil || !p.Empty || p.HasInterval || p.HasFolders || p.Interval != -1 {
		t.Errorf("no body: %+v, %v", p, err)
	}
	if got := p.Append(nil); len(got) != 0 {
		t.Errorf("no body is written as %x", got)
	}
	for _, body := range []string{"\x03\x01\x6a\x00\x00\x0d\x05", "\x03\x01\x6a\x00\x00\x0d\x45\x01"} {
		if err := p.Parse([]byte(body)); err != nil || p.Empty || p.HasInterval || p.HasFolders {
			t.Errorf("%x: %+v, %v", body, p, err)
		}
	}
}

// Scenario 7: the half that is missing is neither invented nor kept from the
// request before.
func TestPingWithOneHalfHasNoOther(t *testing.T) {
	full := document(t, `<Ping xmlns="Ping"><HeartbeatInterval>480</HeartbeatInterval>
		<Folders><Folder><Id>5</Id><Class>Email</Class></Folder></Folders></Ping>`)
	var p PingRequest
	if err := p.Parse(full); err != nil || len(p.Folders) != 1 || p.Interval != 480 {
		t.Fatalf("%+v, %v", p, err)
	}
	interval := document(t, `<Ping xmlns="Ping"><HeartbeatInterval>900</HeartbeatInterval></Ping>`)
	if err := p.Parse(interval); err != nil || p.HasFolders || len(p.Folders) != 0 || p.Interval != 900 {
		t.Errorf("interval only: %+v, %v", p, err)
	}
	folders := document(t, `<Ping xmlns="Ping"><Folders><Folder><Id>7</Id></Folder></Folders></Ping>`)
	err := p.Parse(folders)
	if err != nil || p.HasInterval || p.Interval != -1 || p.IntervalText != nil || p.IntervalEnd != 0 || !p.HasFolders {
		t.Errorf("folders only: %+v, %v", p, err)
	}
	if f := p.Folders[0]; string(f.ID) != "7" || f.Class != nil {
		t.Errorf("folders only: %+v", f)
	}
	empty := document(t, `<Ping xmlns="Ping"><Folders></Folders></Ping>`)
	if err := p.Parse(empty); err != nil || !p.HasFolders || len(p.Folders) != 0 {
		t.Errorf("no folder in Folders: %+v, %v", p, err)
	}
}

// Scenario 8: part of a body is never a Ping, so a body that did not arrive
// whole is not taken for one that says less.
func TestPartOfAPingIsNoPing(t *testing.T) {
	body := pingDocument(t, "aosp-1680.wbxml")
	var p PingRequest
	for n := 1; n < len(body); n++ {
		var syntax *wbxml.SyntaxError
		if err := p.Parse(body[:n]); !errors.As(err, &syntax) || syntax.Reason != wbxml.Truncated {
			t.Errorf("%d of %d bytes: %v", n, len(body), err)
		}
	}
}

// Scenario 9.
func TestTheSameFolderTwiceAndManyFolders(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "<Folder><Id>%d</Id><Class>Email</Class></Folder>", i/2)
	}
	var p PingRequest
	err := p.Parse(document(t, `<Ping xmlns="Ping"><Folders>`+b.String()+`</Folders></Ping>`))
	if err != nil || len(p.Folders) != 300 || p.Duplicate {
		t.Fatalf("%d folders, duplicate %v, %v", len(p.Folders), p.Duplicate, err)
	}
	if string(p.Folders[298].ID) != "149" || string(p.Folders[299].ID) != "149" {
		t.Errorf("the last two are %s and %s", p.Folders[298].ID, p.Folders[299].ID)
	}
}

// Scenario 11.
func TestOddIntervalsAreNoNumbers(t *testing.T) {
	f := func(text string, want int) {
		t.Helper()
		body := document(t, `<Ping xmlns="Ping"><HeartbeatInterval>I</HeartbeatInterval></Ping>`)
		body = bytes.Replace(body, []byte("\x03I\x00"), []byte("\x03"+text+"\x00"), 1)
		var p PingRequest
		if err := p.Parse(body); err != nil || p.Interval != want || string(p.IntervalText) != text || !p.HasInterval {
			t.Errorf("%q: got %+v, %v; want %d", text, p, err, want)
		}
		if again := p.Append(nil); text != "" && !bytes.Equal(again, body) {
			t.Errorf("%q: written again as %x, was %x", text, again, body)
		}
	}
	f("1", 1)
	f("0", 0)
	f("86401", 86401)
	f("4294967296", 1<<31-1)
	f("99999999999999999999", 1<<31-1)
	for _, text := range []string{"-1", "-100", "abc", "1e3", "60.5", " 480", "480 ", "+300", ""} {
		f(text, -1)
	}
}

func TestTheIntervalCanBeReplacedInPlace(t *testing.T) {
	body := pingDocument(t, "aosp-1680.wbxml")
	var p PingRequest
	if err := p.Parse(body); err != nil {
		t.Fatal(err)
	}
	lower := append(append(append([]byte{}, body[:p.IntervalStart]...), "240"...), body[p.IntervalEnd:]...)
	if err := p.Parse(lower); err != nil || p.Interval != 240 || len(p.Folders) != 3 {
		t.Errorf("%+v, %v", p, err)
	}
	if len(lower) != len(body)-1 {
		t.Errorf("%d bytes became %d", len(body), len(lower))
	}
}

func TestAnIntervalThatIsNotOneStringHasNoPlace(t *testing.T) {
	f := func(content, text string, duplicate bool) {
		t.Helper()
		body := []byte("\x03\x01\x6a\x00\x00\x0d\x45" + content + "\x01")
		var p PingRequest
		if err := p.Parse(body); err != nil || string(p.IntervalText) != text || p.Duplicate != duplicate {
			t.Errorf("%x: got %+v, %v; want %s", content, p, err, text)
		}
		if p.IntervalStart != 0 || p.IntervalEnd != 0 {
			t.Errorf("%x: has the place %d to %d", content, p.IntervalStart, p.IntervalEnd)
		}
	}
	f("\x48\x03"+"4\x00\x03"+"80\x00\x01", "480", false)                      // split
	f("\x48\x03"+"4\x00\x03"+"8\x00\xc3\x01"+"0\x01", "480", false)           // in three, one of them OPAQUE
	f("\x48\xc3\x03"+"480\x01", "480", false)                                 // OPAQUE
	f("\x48\x03"+"480\x00\x01\x48\x03"+"61\x00\x01", "480", true)             // two
	f("\x48\xc3\x03"+"480\x01\x48\x03"+"61\x00\x01", "480", true)             // two, the first one without a place
	f("\x48\x03"+"480\x00\x01\x48\x01", "480", true)                          // the second empty
	f("\x08", "", false)                                                      // empty
	f("\x48\x01", "", false)                                                  // empty
	f("\x48\x03"+"4\x00\x00\x00\x45\x01\x00\x0d\x03"+"80\x00\x01", "", false) // an element inside
}

func TestDuplicatesInAFolderAreNoticed(t *testing.T) {
	f := func(folders string, duplicate bool, id, class string) {
		t.Helper()
		var p PingRequest
		err := p.Parse(document(t, `<Ping xmlns="Ping">`+folders+`</Ping>`))
		if err != nil || p.Duplicate != duplicate || string(p.Folders[0].ID) != id || string(p.Folders[0].Class) != class {
			t.Errorf("%s: got %+v, %v", folders, p, err)
		}
	}
	f(`<Folders><Folder><Class>Email</Class><Id>5</Id></Folder></Folders>`, false, "5", "Email")
	f(`<Folders><Folder><Id>5</Id><Id>6</Id></Folder></Folders>`, true, "5", "")
	f(`<Folders><Folder><Id/><Id>6</Id></Folder></Folders>`, true, "", "")
	f(`<Folders><Folder><Id>5</Id><Class>Email</Class><Class>Notes</Class></Folder></Folders>`, true, "5", "Email")
	f(`<Folders><Folder><Id>5</Id></Folder></Folders><Folders><Folder><Id>6</Id></Folder></Folders>`, true, "5", "")
}

func TestPingRequestPassesOverWhatItDoesNotKnow(t *testing.T) {
	body := document(t, `<Ping xmlns="Ping"><AutdState>x</AutdState><MaxFolders>200</MaxFolders>
		<HeartbeatInterval>480</HeartbeatInterval><Sync xmlns="AirSync"><HeartbeatInterval>60</HeartbeatInterval></Sync>
		<Folders><Status>1</Status><Folder><Id>5</Id><Status>1</Status></Folder></Folders></Ping>`)
	var p PingRequest
	for _, tail := range []string{"", "\x00\x00", "\x01", "garbage", "\x03\x01\x6a\x00"} {
		err := p.Parse(append(body[:len(body):len(body)], tail...))
		if err != nil || p.Interval != 480 || len(p.Folders) != 1 || string(p.Folders[0].ID) != "5" || p.Duplicate {
			t.Errorf("%q behind it: %+v, %v", tail, p, err)
		}
	}
}

func TestAnotherDocumentIsNoPing(t *testing.T) {
	var p PingRequest
	for _, text := range []string{`<FolderSync xmlns="FolderHierarchy"><SyncKey>0</SyncKey></FolderSync>`,
		`<Sync xmlns="AirSync"/>`, `<Folders xmlns="Ping"/>`} {
		if err := p.Parse(document(t, text)); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %v", text, err)
		}
	}
	err := p.Parse(document(t, `<FolderSync xmlns="FolderHierarchy"/>`))
	if want := "eas: Ping:Ping was expected, found FolderHierarchy:FolderSync: the body is another document"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestAHostilePingIsNeitherReadNorSlow(t *testing.T) {
	f := func(name string, body []byte, want wbxml.Reason) {
		t.Helper()
		var p PingRequest
		err := p.Parse(body)
		var syntax *wbxml.SyntaxError
		if !errors.As(err, &syntax) || syntax.Reason != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	head := "\x03\x01\x6a\x00\x00\x0d\x45"
	f("1 MB", []byte(head+"\x48"+strings.Repeat("\x031\x00", 1<<19)), wbxml.TooLarge)
	f("folders without end", []byte(head+"\x49"+strings.Repeat("\x0a", 200_000)), wbxml.TooManyElements)
	f("deep", []byte(head+strings.Repeat("\x49", 100_000)), wbxml.TooDeep)
	f("attributes", []byte(head+"\xc8\x06\x03x\x00\x01\x01"), wbxml.Attributes)
	f("long id", []byte(head+"\x49\x4a\x4b\x03"+strings.Repeat("x", 5000)), wbxml.TextTooLong)

	// 60,000 pieces of one text are joined in one go, not over and over.
	var p PingRequest
	body := []byte(head + "\x48" + strings.Repeat("\x031\x00", 60_000) + "\x01\x01")
	if err := p.Parse(body); err != nil || len(p.IntervalText) != 60_000 || cap(p.walker.buf) > 1<<18 {
		t.Errorf("%d bytes in %d, %v", len(p.IntervalText), cap(p.walker.buf), err)
	}
}

func TestReadingAPingAllocatesNothing(t *testing.T) {
	var p PingRequest
	for _, name := range []string{"aosp-1680.wbxml", "nacho-mock.wbxml", "syncroton-hbonly.wbxml"} {
		body := pingDocument(t, name)
		if n := testing.AllocsPerRun(100, func() {
			if err := p.Parse(body); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	split := []byte("\x03\x01\x6a\x00\x00\x0d\x45\x48\x034\x00\x0380\x00\x01\x01")
	if n := testing.AllocsPerRun(100, func() { p.Parse(split) }); n != 0 {
		t.Errorf("split text: %v allocations", n)
	}
}

func BenchmarkParsePing(b *testing.B) {
	for _, name := range []string{"aosp-480.wbxml", "aosp-1680.wbxml", "nacho-mock.wbxml"} {
		b.Run(strings.TrimSuffix(name, ".wbxml"), func(b *testing.B) {
			body := pingDocument(b, name)
			var p PingRequest
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if err := p.Parse(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
