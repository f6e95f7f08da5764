package eas

import (
	"strconv"

	"github.com/diastole/diastole/wbxml"
)

// pingLimits bound a Ping: Outlook sends some hundreds of folders, 500 of them
// take 25 KiB. What is larger is not read and passes as it came.
var pingLimits = wbxml.Limits{Bytes: 256 << 10, Depth: 16, Text: 4 << 10, Elements: 16 << 10}

// PingRequest is the body of a Ping request (MS-ASCMD 2.2.1.13, 2.2.3.136).
// Either half may be missing: the server then takes it from the last Ping of
// this device that carried it (MS-ASCMD 3.1.5.8).
//
// Parse into the same PingRequest again and again: it keeps its memory.
type PingRequest struct {
	// Empty means a request without a body: the same as last time. An empty
	// <Ping/> is something else, and not allowed (Exchange answers Status 4).
	Empty bool

	// Interval is the HeartbeatInterval in seconds (MS-ASCMD 2.2.3.88.1), -1
	// if it is absent or not a plain decimal number. Exchange takes 60 to 3540
	// by default; more than 31 bits are cut down to them.
	Interval     int
	IntervalText []byte // as sent
	HasInterval  bool

	// body[IntervalStart:IntervalEnd] is the interval's text. Both are 0 where
	// replacing those bytes would not replace the interval: it is absent, split,
	// OPAQUE, or there are two.
	IntervalStart, IntervalEnd int

	Folders    []PingFolder // in the order sent; the same folder may be there twice
	HasFolders bool         // Folders was there, possibly without any Folder

	// Duplicate means that something that may be there once was there twice:
	// HeartbeatInterval, Folders, or a folder's Id or Class. The first one is
	// kept here, but which one a server takes is its own affair.
	Duplicate bool

	walker *walker // by reference, for it is large and of no interest to who copies or prints this
}

// PingFolder is one folder to watch.
type PingFolder struct {
	ID    []byte // the server's id (MS-ASCMD 2.2.3.90)
	Class []byte // Email, Calendar, Contacts, Tasks, Notes (MS-ASCMD 2.2.3.27.4); nil if absent
}

// Parse reads a request's body. What it finds aliases body or p's own memory
// and is good until the next Parse. It allocates nothing once p has seen a
// body of this size. The error is a *wbxml.SyntaxError or ErrDocument, both
// wrapped; p is then good for nothing.
func (p *PingRequest) Parse(body []byte) error {
	p.reset()
	if len(body) == 0 {
		p.Empty = true
		return nil
	}
	if p.walker == nil {
		p.walker = new(walker)
	}
	p.walker.inMemory(body, ping, pingLimits)
	return p.walker.run(p)
}

func (p *PingRequest) reset() {
	p.Empty, p.Duplicate = false, false
	p.Interval, p.IntervalText, p.HasInterval = -1, nil, false
	p.IntervalStart, p.IntervalEnd = 0, 0
	p.Folders, p.HasFolders = p.Folders[:0], false
}

func (p *PingRequest) start(path []tag) {
	switch {
	case len(path) == 2 && path[1] == pingFolders:
		p.Duplicate = p.Duplicate || p.HasFolders
		p.HasFolders = true
	case len(path) == 3 && path[1] == pingFolders && path[2] == pingFolder:
		p.Folders = append(p.Folders, PingFolder{})
	}
}

func (p *PingRequest) end(path []tag, l *leaf) {
	switch {
	case len(path) == 2 && path[1] == pingHeartbeatInterval:
		p.interval(l)
	case len(path) == 4 && path[1] == pingFolders && path[2] == pingFolder:
		folder := &p.Folders[len(p.Folders)-1]
		switch path[3] {
		case pingID:
			p.once(&folder.ID, l)
		case pingClass:
			p.once(&folder.Class, l)
		}
	}
}

func (p *PingRequest) interval(l *leaf) {
	if p.HasInterval {
		p.Duplicate = true
		p.IntervalStart, p.IntervalEnd = 0, 0
		return
	}
	p.HasInterval, p.Interval = true, decimal(l.text)
	p.once(&p.IntervalText, l)
	if l.plain {
		p.IntervalStart, p.IntervalEnd = l.offset, l.offset+len(l.text)
	}
}

// once keeps the first of two. Present but empty is not nil.
func (p *PingRequest) once(field *[]byte, l *leaf) {
	switch {
	case *field != nil:
		p.Duplicate = true
	case l.text == nil:
		*field = []byte{}
	default:
		*field = l.text
	}
}

// Append appends the request as a device sends it: HeartbeatInterval first and
// Id before Class, because Z-Push and Horde read in that order only. With
// Empty nothing is appended.
func (p *PingRequest) Append(dst []byte) []byte {
	if p.Empty {
		return dst
	}
	w := newWriter(dst)
	w.start(ping)
	if p.HasInterval {
		w.leaf(pingHeartbeatInterval, p.intervalText())
	}
	if p.HasFolders {
		w.start(pingFolders)
		for _, f := range p.Folders {
			w.start(pingFolder)
			w.leaf(pingID, string(f.ID))
			if f.Class != nil {
				w.leaf(pingClass, string(f.Class))
			}
			w.end()
		}
		w.end()
	}
	w.end()
	return w.enc.Bytes()
}

func (p *PingRequest) intervalText() string {
	if p.IntervalText != nil {
		return string(p.IntervalText)
	}
	return strconv.Itoa(p.Interval)
}
