package eas

import "github.com/diastole/diastole/wbxml"

// What a reader of a stream keeps of it, at most. Exchange allows far fewer
// collections (Status 15); 256 KiB are ids and keys of 64 characters for all.
const (
	maxCollections = 1000
	maxKept        = 256 << 10
)

// stream walks through a document that comes in pieces.
type stream struct {
	walker walker
	begun  bool
	fed    bool // there was at least one byte
	done   bool // the document ended, or cannot be read: the rest is of no interest
	err    error
}

func (s *stream) begin(root tag) {
	s.begun = true
	s.walker.inPieces(root)
}

// write walks through p and gives its length. After the end of the document
// bytes are swallowed: some servers pad.
func (s *stream) write(p []byte, v visitor) int {
	if len(p) > 0 && !s.done {
		s.fed = true
		s.walker.dec.Feed(p)
		s.step(v)
	}
	return len(p)
}

func (s *stream) step(v visitor) {
	if err := s.walker.run(v); err != wbxml.ErrMore {
		s.done, s.err = true, err
	}
}

// close gives what was wrong with the document, nil if there was none at all.
func (s *stream) close(v visitor) error {
	if s.fed && !s.done {
		s.walker.dec.FeedEOF()
		s.step(v)
	}
	return s.err
}

func (s *stream) empty() bool { return !s.fed }

// store counts what is kept of a stream and says when it is enough.
type store struct {
	bytes int
	full  bool // something was left out
}

// room tells whether one more collection may be kept beside n others.
func (s *store) room(n int) bool {
	s.full = s.full || n >= maxCollections
	return n < maxCollections
}

// text keeps a text, or "" if it is too long or too much.
func (s *store) text(l *leaf) string {
	if l.cut || s.bytes+len(l.text) > maxKept {
		s.full = true
		return ""
	}
	s.bytes += len(l.text)
	return string(l.text)
}

// first sets a field that is still at its zero. Of two equal elements the
// first counts, everywhere in this package.
func first[T comparable](field *T, zero, value T) {
	if *field == zero {
		*field = value
	}
}
