package eas

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/wbxml"
)

// checkPingClamp lowers a Ping and holds it to the laws: the new interval is what
// was given and below the old one, nothing else reads differently, and no byte
// outside of the element is touched.
func checkPingClamp(t rapid.TB, body []byte, give time.Duration) {
	var p, q PingRequest
	if p.Parse(body) != nil {
		return
	}
	got, ok := p.Clamp(nil, body, give)
	if !ok {
		if len(got) != 0 || p.HasInterval && p.Interval > inUnits(give, time.Second) && p.IntervalEnd > 0 {
			t.Fatalf("%x asks for %d s and was not lowered to %s: %x", body, p.Interval, give, got)
		}
		return
	}
	if err := q.Parse(got); err != nil || q.Interval != inUnits(give, time.Second) || p.HasInterval && q.Interval >= p.Interval {
		t.Fatalf("%x lowered to %s is %x: %+v, %v", body, give, got, q, err)
	}
	if q.HasFolders != p.HasFolders || len(q.Folders) != len(p.Folders) || len(q.Folders) > 0 && !reflect.DeepEqual(q.Folders, p.Folders) || q.Duplicate != p.Duplicate {
		t.Fatalf("%+v became %+v", p, q)
	}
	if p.HasInterval {
		checkOutside(t, body, got, pingHeartbeatInterval)
	}
	if p.IntervalEnd > 0 && !bytes.Equal(got[:p.IntervalStart], body[:p.IntervalStart]) {
		t.Fatalf("%x became %x: something before the interval", body, got)
	}
	if again, ok := q.Clamp(nil, got, give); ok {
		t.Fatalf("lowered twice: %x, %x", got, again)
	}
}

// checkSyncClamp is checkPingClamp for a Sync.
func checkSyncClamp(t rapid.TB, body []byte, give time.Duration) {
	r, err := ParseSyncRequest(body)
	if err != nil {
		return
	}
	got, ok := r.Clamp(nil, body, give)
	if !ok {
		if len(got) != 0 {
			t.Fatalf("%x left alone is %x", body, got)
		}
		return
	}
	q, err := ParseSyncRequest(got)
	if err != nil || q.Hold() != r.Granted(give) || q.Hold() >= r.Hold() || q.Hold() > max(give, time.Minute) {
		t.Fatalf("%x lowered to %s is %x: holds for %s, %v", body, give, got, q.Hold(), err)
	}
	want := airSyncHeartbeatInterval
	if r.Wait > 0 {
		want = airSyncWait
	}
	checkOutside(t, body, got, want)
	if q.Wait, q.Interval = r.Wait, r.Interval; !reflect.DeepEqual(q, r) {
		t.Fatalf("%+v became %+v", r, q)
	}
}

// checkOutside compares everything but the one element: as bytes in front of it
// and behind it, and as the decoder reads it.
func checkOutside(t rapid.TB, was, is []byte, want tag) {
	fromWas, toWas, ok := onlyChild(was, want)
	fromIs, toIs, okIs := onlyChild(is, want)
	if !ok || !okIs || !bytes.Equal(was[:fromWas], is[:fromIs]) || !bytes.Equal(was[toWas:], is[toIs:]) {
		t.Fatalf("%x became %x: more than what is in %s", was, is, want)
	}
	if a, b := tokensWithout(was, want), tokensWithout(is, want); !reflect.DeepEqual(a, b) {
		t.Fatalf("%x became %x: it reads\n%v, not\n%v", was, is, b, a)
	}
}

// tokensWithout is what the decoder finds, without the texts of one element and
// without offsets.
func tokensWithout(body []byte, text tag) (all []wbxml.Token) {
	var d wbxml.Decoder
	d.Reset(body, wbxml.Limits{})
	for {
		t, err := d.Next()
		if err != nil {
			return all
		}
		if t.Offset = 0; t.Kind != wbxml.Text || tagOf(t) != text || d.Depth() != 2 {
			all = append(all, t)
		}
	}
}

// FuzzClamp: whatever a device sends, a lowered request is the same but for its interval.
func FuzzClamp(f *testing.F) {
	for _, r := range readings(f, "request") {
		f.Add(pingDocument(f, r.File), uint16(100))
	}
	f.Add(document(f, richSync), uint16(60))
	f.Add((&SyncRequest{Wait: 15, Partial: true, Interval: -1}).Append(nil, "12.1"), uint16(500))
	f.Add((&SyncRequest{Wait: -1, Interval: 900, Collections: []SyncCollection{collection("5", "Email", "7")}}).Append(nil, "14.1"), uint16(500))
	f.Add([]byte(header+"\x00\x0d\x45\x48\x00\x02\x039\x00\xc3\x0200\x01\x00\x0d\x49\x4a\x4b\x035\x00\x01\x01\x01\x01"), uint16(300))
	f.Add([]byte(header+"\x45\x64\x00\x0d\x031\x00\xc3\x015\x01\x00\x00\x26\x01"), uint16(300))
	f.Fuzz(func(t *testing.T, body []byte, seconds uint16) {
		checkPingClamp(t, body, time.Duration(seconds)*time.Second)
		checkSyncClamp(t, body, time.Duration(seconds)*time.Second)
	})
}
