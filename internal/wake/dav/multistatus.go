package dav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

const calendarServer = "http://calendarserver.org/ns/"

var (
	multistatus = xml.Name{Space: "DAV:", Local: "multistatus"}
	response    = xml.Name{Space: "DAV:", Local: "response"}
	href        = xml.Name{Space: "DAV:", Local: "href"}
	getctag     = xml.Name{Space: calendarServer, Local: "getctag"}
)

// deepest bounds what the decoder keeps open. A tag lies at the fifth level.
const deepest = 16

// reading is the state of reading one answer (RFC 4918 13).
type reading struct {
	open   []xml.Name
	href   strings.Builder
	tag    strings.Builder
	tagged bool // some collection has a tag
	lines  []string
}

// readTags gives a line for each resource in an answer, with its tag if it has one. An
// answer without any tag says nothing of changes: SOGo gives one for a user whom it does
// not know by that name.
func readTags(body []byte) ([]string, error) {
	r := &reading{}
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = r.take(token)
		}
		if err != nil {
			return nil, &failure{why: "malformed", what: "the DAV server's answer is no multistatus of RFC 4918", rests: true}
		}
	}
	if !r.tagged {
		return nil, &failure{why: "unsupported", rests: true,
			what: "no collection of a user has a getctag: check that the server has it, and that wake.users gives the names that it knows"}
	}
	return r.lines, nil
}

var errShape = errors.New("dav: not a multistatus")

func (r *reading) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive: // a document type, which DAV has none of
		return errShape
	case xml.StartElement:
		if len(r.open) == 0 && t.Name != multistatus || len(r.open) >= deepest {
			return errShape
		}
		r.open = append(r.open, t.Name)
	case xml.CharData:
		switch {
		case r.in(response, href):
			r.href.Write(t)
		case r.last() == getctag:
			r.tag.Write(t)
		}
	case xml.EndElement:
		if r.last() == response {
			r.end()
		}
		r.open = r.open[:len(r.open)-1]
	}
	return nil
}

// end is the end of a response.
func (r *reading) end() {
	tag := strings.TrimSpace(r.tag.String())
	r.tagged = r.tagged || tag != ""
	r.lines = append(r.lines, strings.TrimSpace(r.href.String())+" "+tag)
	r.href.Reset()
	r.tag.Reset()
}

func (r *reading) last() (name xml.Name) {
	if n := len(r.open); n > 0 {
		name = r.open[n-1]
	}
	return name
}

// in tells whether the last two that are open are these: an answer may hold other hrefs
// than that of a response.
func (r *reading) in(outer, inner xml.Name) bool {
	n := len(r.open)
	return n >= 2 && r.open[n-2] == outer && r.open[n-1] == inner
}
