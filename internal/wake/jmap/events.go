package jmap

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// An event stream is lines of text (WHATWG HTML 9.2.5, 9.2.6). Both limits are far
// above what a server has to say: a StateChange for one account has 200 bytes.
const (
	longestLine  = 64 << 10
	longestEvent = 64 << 10
	longestEntry = 1 << 10 // of an id, which is sent back in a header
)

// event is one event of a stream.
type event struct {
	name string // "" is "message"
	data []byte // valid until the next event
}

// events reads a stream.
type events struct {
	lines *bufio.Scanner
	last  string        // id of the last event that had one
	retry time.Duration // what the server wants a client to wait before it comes back; 0: not said
	data  []byte
}

func newEvents(r io.Reader) *events {
	e := &events{lines: bufio.NewScanner(r)}
	e.lines.Buffer(make([]byte, 0, 1<<10), longestLine) // it grows, and most never need more
	e.lines.Split(splitter())
	return e
}

// next gives the next event that has data; others are dropped (9.2.6). An event that
// the stream ends in is dropped too.
func (e *events) next() (event, error) {
	ev, id, has := event{}, e.last, false
	e.data = e.data[:0]
	for e.lines.Scan() {
		line := e.lines.Bytes()
		if len(line) == 0 {
			e.last = id
			if has {
				ev.data = e.data
				return ev, nil
			}
			ev = event{}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) { // "" is a comment
		case "event":
			ev.name = string(value)
		case "data":
			if len(e.data)+len(value) >= longestEvent {
				return event{}, &failure{why: "oversize", what: "an event that does not end", pause: latest}
			}
			if has {
				e.data = append(e.data, '\n')
			}
			e.data, has = append(e.data, value...), true
		case "id":
			id = sendable(id, value)
		case "retry":
			e.takeRetry(value)
		}
	}
	switch err := e.lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return event{}, &failure{why: "oversize", what: "a line that does not end", pause: latest}
	case err != nil:
		return event{}, err
	}
	return event{}, &failure{why: "ended", what: "the server has ended the stream"}
}

// sendable is a new id, or the old one where the new one cannot go into a header.
func sendable(old string, id []byte) string {
	if len(id) > longestEntry || strings.ContainsFunc(string(id), func(r rune) bool { return r < ' ' || r > '~' }) {
		return old
	}
	return string(id)
}

// takeRetry reads milliseconds (9.2.6). A hostile value would silence us for good, or
// make us ask without pause.
func (e *events) takeRetry(value []byte) {
	if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
		e.retry = min(max(time.Duration(ms)*time.Millisecond, soonest), latest)
	}
}

// splitter ends lines at LF, CR and CRLF (9.2.5). It does not wait for what follows a
// CR, because nothing may follow for long: a LF there is dropped when it comes.
func splitter() bufio.SplitFunc {
	first, skip := true, false
	return func(data []byte, end bool) (advance int, token []byte, err error) {
		start := 0
		if skip && len(data) > 0 {
			skip = false
			if data[0] == '\n' {
				start = 1
			}
		}
		i := bytes.IndexAny(data[start:], "\r\n")
		if i < 0 {
			return start, nil, nil // at the end too: a line without an end is no line
		}
		token = data[start : start+i]
		skip = data[start+i] == '\r'
		if first {
			token, first = bytes.TrimPrefix(token, []byte("\ufeff")), false
		}
		return start + i + 1, token, nil
	}
}
