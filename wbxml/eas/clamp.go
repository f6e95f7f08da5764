package eas

import (
	"io"
	"strconv"
	"time"

	"github.com/diastole/diastole/wbxml"
)

// Clamp appends body, which p was parsed from, with an interval of give in whole
// seconds, rounded down and at least 1. Every other byte stays as the device sent it. A
// Ping with folders only gets an interval in front of them, which is where servers
// look that read in order; without it the server would take the one that it
// remembers (MS-ASCMD 3.1.5.8). Whether that one is longer, the caller remembers too.
//
// It is false, and nothing appended, where there is nothing to lower: the interval
// is absent together with the folders, no number, there twice (which of them a
// server takes is its own affair), or not above give. Such a request passes as it is. A
// request without a body has nothing to be changed in either: send FullPing.
func (p *PingRequest) Clamp(dst, body []byte, give time.Duration) ([]byte, bool) {
	seconds := inUnits(give, time.Second)
	switch {
	case p.Empty, p.HasInterval && p.Interval <= seconds:
		return dst, false
	case p.HasInterval:
		return replaceNumber(dst, body, pingHeartbeatInterval, seconds)
	case p.HasFolders:
		return insertInterval(dst, body, seconds)
	}
	return dst, false
}

// FullPing is the body of a Ping that says everything, for a request without one whose
// remembered interval is too long. Without folders it is the interval alone, and
// the server takes the folders that it remembers. The request it goes with needs
// the Content-Type that a device leaves out when it sends no body.
func FullPing(folders []PingFolder, give time.Duration) []byte {
	p := PingRequest{HasInterval: true, Interval: inUnits(give, time.Second), HasFolders: len(folders) > 0, Folders: folders}
	return p.Append(nil)
}

// RefusedPing is the answer to a Ping that asks for more than limit: Status 5 with
// the nearest interval that is allowed (MS-ASCMD 2.2.3.88.1).
func RefusedPing(limit time.Duration) []byte {
	return PingResponse{Status: PingInterval, Interval: inUnits(limit, time.Second)}.Append(nil)
}

// Granted is what of give the request can say: whole minutes, at least 1, where it
// says Wait, otherwise whole seconds, at least 1; never more than it asks for.
func (r *SyncRequest) Granted(give time.Duration) time.Duration {
	unit := r.Unit()
	return min(r.Hold(), time.Duration(inUnits(give, unit))*unit)
}

// Clamp appends body, which r was parsed from, with a Wait or HeartbeatInterval of
// Granted(give). Every other byte stays as the device sent it. It is false, and
// nothing appended, where there is nothing to lower: the request does not wait, has
// the element twice, or asks for no more than that.
//
// A request without a body, which repeats the last one, is lowered by a partial
// one: SyncRequest{Wait: n, Interval: -1, Partial: true}, and the server takes the
// collections that it remembers (MS-ASCMD 2.2.3.131). A full one cannot be made
// here: nobody but the device and the server knows its options.
func (r *SyncRequest) Clamp(dst, body []byte, give time.Duration) ([]byte, bool) {
	granted := r.Granted(give)
	switch {
	case granted >= r.Hold():
		return dst, false
	case r.Wait > 0:
		return replaceNumber(dst, body, airSyncWait, inUnits(granted, time.Minute))
	}
	return replaceNumber(dst, body, airSyncHeartbeatInterval, inUnits(granted, time.Second))
}

// Refused is the answer to a Sync that asks for more than limit: Status 14 with the
// limit in the unit that was asked in (MS-ASCMD 2.2.3.97).
func (r *SyncRequest) Refused(limit time.Duration) []byte {
	answer := SyncResponse{Status: SyncInvalidWait, Limit: inUnits(limit, r.Unit())}
	return answer.Append(nil)
}

// Unit is that of the interval, and of a limit in the answer to it (MS-ASCMD 2.2.3.97).
func (r *SyncRequest) Unit() time.Duration {
	if r.Wait > 0 {
		return time.Minute
	}
	return time.Second
}

// inUnits rounds down, so that nothing is ever longer than it may be, but to no less
// than 1: servers take 0 for an error, and an instant answer would be asked for again at once.
func inUnits(d, unit time.Duration) int { return int(max(d/unit, 1)) }

// replaceNumber replaces the text of the root's only child of that name.
func replaceNumber(dst, body []byte, want tag, n int) ([]byte, bool) {
	start, end, ok := onlyChild(body, want)
	if !ok {
		return dst, false
	}
	before := len(dst)
	dst = append(dst, body[:start]...)
	dst, ok = wbxml.AppendLeaf(dst, body[start:end], strconv.Itoa(n))
	if !ok {
		return dst[:before], false
	}
	return append(dst, body[end:]...), true
}

// onlyChild finds the content of the one element want right below the root: what
// stands between its tag and its END.
func onlyChild(body []byte, want tag) (start, end int, ok bool) {
	var d wbxml.Decoder
	d.Reset(body, wbxml.Limits{})
	found := 0
	for {
		t, err := d.Next()
		switch {
		case err == io.EOF:
			return start, end, found == 1 && end > 0
		case err != nil:
			return 0, 0, false
		case tagOf(t) != want:
		case t.Kind == wbxml.Start && t.Empty && d.Depth() == 1:
			found++ // and has no content, so no END either
		case t.Kind == wbxml.Start && d.Depth() == 2:
			found++
			start = int(t.Offset) + 1
		case t.Kind == wbxml.End && d.Depth() == 1:
			end = int(t.Offset)
		}
	}
}

// insertInterval puts a HeartbeatInterval right behind the root's tag, where the
// page is still the root's.
func insertInterval(dst, body []byte, seconds int) ([]byte, bool) {
	var d wbxml.Decoder
	d.Reset(body, wbxml.Limits{})
	root, err := d.Next()
	if err != nil || root.Empty || tagOf(root) != ping {
		return dst, false
	}
	before, at := len(dst), int(root.Offset)+1
	dst, ok := wbxml.AppendElement(append(dst, body[:at]...), byte(pingHeartbeatInterval&0xFF), strconv.Itoa(seconds))
	if !ok {
		return dst[:before], false
	}
	return append(dst, body[at:]...), true
}
