package eas

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/diastole/diastole/wbxml"
)

// richSync has a bit of everything that a Sync request carries.
const richSync = `<Sync xmlns="AirSync" xmlns:e="Email"><Collections>
	<Collection><SyncKey>1509029063</SyncKey><CollectionId>mail%2F0123456789</CollectionId><GetChanges>0</GetChanges>
	<Options><FilterType>3</FilterType><BodyPreference xmlns="AirSyncBase"><Type>2</Type></BodyPreference></Options>
	<Commands><Change><ServerId>5:1</ServerId><ApplicationData><e:Read>1</e:Read></ApplicationData></Change></Commands></Collection>
	<Collection><Class>Contacts</Class><SyncKey>0</SyncKey><CollectionId>2</CollectionId>
	<Commands><Add><ClientId>1</ClientId></Add></Commands></Collection></Collections>
	<HeartbeatInterval>540</HeartbeatInterval><WindowSize>100</WindowSize><Partial/></Sync>`

const richAnswer = `<Sync xmlns="AirSync"><Status>1</Status><Limit>3540</Limit><Collections>
	<Collection><SyncKey>1509029064</SyncKey><CollectionId>mail%2F0123456789</CollectionId><Status>1</Status><MoreAvailable/>
	<Commands><Add><ServerId>5:1</ServerId><ApplicationData><Subject xmlns="Email">Hello</Subject></ApplicationData></Add></Commands>
	</Collection><Collection><CollectionId>2</CollectionId><Status>12</Status></Collection></Collections></Sync>`

// inPieces gives what the two readers make of a body in pieces of n bytes.
func inPieces(body []byte, n int) [4]any {
	var request SyncRequestReader
	var response SyncResponseReader
	for len(body) > 0 {
		piece := bytes.Clone(body[:min(n, len(body))]) // gone after the call, as a copy loop's buffer
		request.Write(piece)
		response.Write(piece)
		clear(piece)
		body = body[min(n, len(body)):]
	}
	a, errA := request.Close()
	b, errB := response.Close()
	return [4]any{a, fmt.Sprint(errA), b, fmt.Sprint(errB)}
}

// Scenario 24.
func TestPiecesOfAnySizeGiveTheSame(t *testing.T) {
	request, answer := document(t, richSync), document(t, richAnswer)
	split := []byte("\x03\x01\x6a\x00\x45\x64\x03" + "1\x00\xc3\x01" + "2\x03\x00\x01\x01") // Wait 12 in three parts
	for _, body := range [][]byte{request, answer, split, request[:len(request)-9], append(answer[:len(answer):len(answer)], "tail"...)} {
		want := inPieces(body, len(body))
		for n := 1; n < len(body); n++ {
			if got := inPieces(body, n); !reflect.DeepEqual(got, want) {
				t.Errorf("in pieces of %d bytes:\ngot  %+v\nwant %+v", n, got, want)
			}
		}
	}
	if r, err := ParseSyncRequest(split); err != nil || r.Wait != 12 {
		t.Errorf("a split Wait is %d, %v", r.Wait, err)
	}
	r, err := ParseSyncRequest(request)
	if err != nil || len(r.Collections) != 2 || r.Collections[0].Changes || !r.Collections[1].Changes || r.Interval != 540 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestReadersSayWhenTheyAreDone(t *testing.T) {
	body := document(t, richAnswer)
	var r SyncResponseReader
	for i, b := range body {
		if r.Done() {
			t.Fatalf("done at %d of %d bytes", i, len(body))
		}
		if n, err := r.Write([]byte{b}); n != 1 || err != nil {
			t.Fatalf("Write gives %d, %v", n, err)
		}
	}
	if !r.Done() {
		t.Error("not done at the end")
	}
	if n, err := r.Write([]byte("tail")); n != 4 || err != nil {
		t.Errorf("Write gives %d, %v", n, err)
	}
	first, err := r.Close()
	again, errAgain := r.Close()
	if err != nil || errAgain != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("Close gives %+v, %v and then %+v, %v", first, err, again, errAgain)
	}

	var broken SyncRequestReader
	broken.Write([]byte("<html>"))
	if _, err := broken.Close(); !broken.Done() || err == nil {
		t.Errorf("a page: done %v, %v", broken.Done(), err)
	}
}

// allocated tells how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestMemoryIsBoundedForAStreamOfAnySize(t *testing.T) {
	head := []byte("\x03\x01\x6a\x00\x45\x5c\x4f\x4b\x031\x00\x01\x52\x035\x00\x01\x4e\x031\x00\x01\x56\x47\x5d")
	tail := []byte("\x01\x01\x01\x01\x01\x01")
	mail := make([]byte, 1<<20)
	for i := range mail {
		mail[i] = 'x'
	}
	var got SyncResponse
	var err error
	n := allocated(func() {
		var r SyncResponseReader
		r.Write(head)
		r.Write([]byte("\x00\x11\x4b\xc3\x84\x80\x80\x00")) // AirSyncBase:Data, 8 MiB of OPAQUE
		for range 8 {
			r.Write(mail)
		}
		r.Write([]byte("\x03")) // and 32 MiB of text, which the limits of a document in memory would refuse
		for range 32 {
			r.Write(mail)
		}
		r.Write([]byte("\x00\x01"))
		r.Write(tail)
		got, err = r.Close()
	})
	want := SyncResponse{Collections: []SyncAnswer{{ID: "5", SyncKey: "1", Status: 1, Changes: true}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if n > 64<<10 {
		t.Errorf("40 MiB of mail cost %d bytes", n)
	}
}

func TestManyCollectionsAreCutOff(t *testing.T) {
	one := "\x4f\x4b\x03" + strings.Repeat("k", 40) + "\x00\x01\x52\x03" + strings.Repeat("i", 40) + "\x00\x01\x01"
	f := func(name, collection string, times, kept int, truncated bool) {
		t.Helper()
		var r SyncRequest
		var a SyncResponse
		var err, errA error
		var request SyncRequestReader
		var response SyncResponseReader
		n := allocated(func() {
			for _, w := range []interface{ Write([]byte) (int, error) }{&request, &response} {
				w.Write([]byte("\x03\x01\x6a\x00\x45\x5c"))
				piece := []byte(collection)
				for range times {
					w.Write(piece)
				}
				w.Write([]byte("\x01\x01"))
			}
			r, err = request.Close()
			a, errA = response.Close()
		})
		if err != nil || errA != nil || len(r.Collections) != kept || len(a.Collections) != kept ||
			r.Truncated != truncated || a.Truncated != truncated {
			t.Errorf("%s: %d and %d collections, truncated %v and %v; %v, %v",
				name, len(r.Collections), len(a.Collections), r.Truncated, a.Truncated, err, errA)
		}
		if n > 2<<20 {
			t.Errorf("%s: cost %d bytes", name, n)
		}
	}
	f("as many as are kept", one, maxCollections, maxCollections, false)
	f("one more", one, maxCollections+1, maxCollections, true)
	f("a hundred thousand", one, 100_000, maxCollections, true)
	f("empty ones", "\x0f", 100_000, maxCollections, true)
	long := strings.ReplaceAll(one, strings.Repeat("k", 40), strings.Repeat("k", maxLeaf))
	f("long keys", long, 400, 400, true)
	f("too long a key", strings.ReplaceAll(one, strings.Repeat("k", 40), strings.Repeat("k", maxLeaf+1)), 1, 1, true)
}

func TestATextThatIsTooLongIsLeftOutNotCut(t *testing.T) {
	key := strings.Repeat("k", maxLeaf)
	f := func(key, want string, truncated bool) {
		t.Helper()
		r, err := ParseSyncRequest(document(t, `<Sync xmlns="AirSync"><Collections><Collection><SyncKey>`+key+
			`</SyncKey><CollectionId>5</CollectionId></Collection></Collections></Sync>`))
		if err != nil || r.Collections[0].SyncKey != want || r.Collections[0].ID != "5" || r.Truncated != truncated {
			t.Errorf("%d bytes: got %d, truncated %v, %v", len(key), len(r.Collections[0].SyncKey), r.Truncated, err)
		}
	}
	f(key, key, false)
	f(key+"k", "", true)
}

func TestHostileStreamsAreRefused(t *testing.T) {
	f := func(body string, want wbxml.Reason) {
		t.Helper()
		var syntax *wbxml.SyntaxError
		if _, err := ParseSyncResponse([]byte(body)); !errors.As(err, &syntax) || syntax.Reason != want {
			t.Errorf("%.40q: %v, want %s", body, err, want)
		}
	}
	f("\x03\x01\x6a\x00"+strings.Repeat("\x45", 100_000), wbxml.TooDeep)
	f("\x03\x01\x6a\x00\x45\xc3\x90\x80\x80\x80\x03", wbxml.MbUint)
	f("\x03\x01\x6a\x00\x45\xc3\x8f\xff\xff\xff\x7f", wbxml.TextTooLong)
	f("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", wbxml.BadHeader)
}

func BenchmarkSyncResponseReader(b *testing.B) {
	body := document(b, richAnswer)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := ParseSyncResponse(body); err != nil {
			b.Fatal(err)
		}
	}
}
