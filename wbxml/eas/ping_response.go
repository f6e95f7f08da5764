package eas

import "errors"

// PingResponse is the body of a Ping response (MS-ASCMD 2.2.3.136).
type PingResponse struct {
	Status     PingStatus
	Folders    []string // ids of the folders that have something new, with Status 2
	MaxFolders int      // how many folders may be asked for, with Status 6; 0 if absent
	Interval   int      // the nearest interval allowed, in seconds, with Status 5; 0 if absent
}

var (
	errNoBody   = errors.New("eas: a Ping response has no body, it must have a Status (MS-ASCMD 2.2.3.177.11)")
	errNoStatus = errors.New("eas: the Ping response has not exactly one positive Status (MS-ASCMD 2.2.3.177.11)")
)

// ParsePingResponse reads a response's body. Every error means that what the
// server says is not known; it must never be taken for mail. An empty body is
// an error, unlike with Sync: devices take it for a network failure.
func ParsePingResponse(body []byte) (PingResponse, error) {
	if len(body) == 0 {
		return PingResponse{}, errNoBody
	}
	var r pingAnswer
	var w walker
	w.inMemory(body, ping, pingLimits)
	err := w.run(&r)
	if err == nil && (r.statuses != 1 || r.Status <= 0) {
		err = errNoStatus // AOSP drops the connection on these, so nothing may follow from them here
	}
	return r.PingResponse, err
}

// pingAnswer is a PingResponse while it is read.
type pingAnswer struct {
	PingResponse
	statuses int
}

func (r *pingAnswer) start([]tag) {}

func (r *pingAnswer) end(path []tag, l *leaf) {
	if len(path) == 3 && path[1] == pingFolders && path[2] == pingFolder {
		r.Folders = append(r.Folders, string(l.text)) // the id itself, unlike in the request (MS-ASCMD 2.2.3.71.2)
	}
	if len(path) != 2 {
		return
	}
	switch path[1] {
	case pingStatus:
		r.statuses++
		r.Status = PingStatus(decimal(l.text))
	case pingMaxFolders:
		r.MaxFolders = max(decimal(l.text), 0)
	case pingHeartbeatInterval:
		r.Interval = max(decimal(l.text), 0)
	}
}

// Append appends the response. Devices are strict here: AOSP throws on an
// empty Folders, and on Status 2, 5 or 6 without what belongs to it; so only
// what is there is written, in the order of the schema.
func (r PingResponse) Append(dst []byte) []byte {
	w := newWriter(dst)
	w.start(ping)
	w.number(pingStatus, int(r.Status))
	if len(r.Folders) > 0 {
		w.start(pingFolders)
		for _, id := range r.Folders {
			w.leaf(pingFolder, id)
		}
		w.end()
	}
	if r.MaxFolders > 0 {
		w.number(pingMaxFolders, r.MaxFolders)
	}
	if r.Interval > 0 {
		w.number(pingHeartbeatInterval, r.Interval)
	}
	w.end()
	return w.enc.Bytes()
}
