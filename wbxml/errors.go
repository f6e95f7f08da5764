package wbxml

import (
	"errors"
	"fmt"
)

// ErrMore is returned by Next and Skip after ResetFeed when all that was fed is used up. Feed more, or call FeedEOF,
// and call again. It is the only error that is not final.
var ErrMore = errors.New("wbxml: more input is needed")

// Reason sorts syntax errors into few classes.
type Reason uint8

const (
	Truncated       Reason = iota + 1 // the input ended before the root's END
	TooLarge                          // more bytes than Limits.Bytes
	TooDeep                           // more open elements than Limits.Depth
	TextTooLong                       // an STR_I or OPAQUE longer than Limits.Text
	TooManyElements                   // more elements than Limits.Elements
	BadHeader                         // not a WBXML header that ActiveSync may carry
	GlobalToken                       // a global token that ActiveSync never uses
	MbUint                            // an mb_u_int32 of more than 5 bytes or 32 bits
	Attributes                        // a tag with the attribute bit
	Structure                         // END or text before the root element
)

var reasonNames = [...]string{
	Truncated: "truncated", TooLarge: "too-large", TooDeep: "too-deep", TextTooLong: "text-too-long",
	TooManyElements: "too-many-elements", BadHeader: "bad-header", GlobalToken: "global-token",
	MbUint: "mb-uint", Attributes: "attributes", Structure: "structure",
}

// String gives a short constant word, fit for a metric label.
func (r Reason) String() string {
	if r == 0 || int(r) >= len(reasonNames) {
		return "unknown"
	}
	return reasonNames[r]
}

// SyntaxError is what every document that cannot be read ends with.
type SyntaxError struct {
	Offset int64  // of the byte at fault, or of the end for Truncated; counted from the header's first byte
	Reason Reason // its class
	Detail string // what was found there
}

// Error says where and what, for a person: "wbxml: byte 17: token STR_T (0x83) is never used by ActiveSync".
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("wbxml: byte %d: %s", e.Offset, e.Detail)
}
