package wbxml

// Kind says what a Token is.
type Kind uint8

const (
	Start Kind = iota + 1 // an element begins
	End                   // an element with content ends
	Text                  // STR_I or OPAQUE, or a piece of one
)

// String gives the name used in golden files and messages.
func (k Kind) String() string {
	switch k {
	case Start:
		return "Start"
	case End:
		return "End"
	case Text:
		return "Text"
	}
	return "none"
}

// Token is one step through a document.
//
// Text in ActiveSync may be split: STR_I, STR_I, OPAQUE in one element are three Text tokens and mean their
// concatenation. Besides that, a string longer than what is at hand comes in pieces: every piece but the last has
// More set. A document in memory (Decoder.Reset) never has pieces, unless it is cut off inside a string.
type Token struct {
	Kind Kind

	// Page and Tag name the element that starts, that ends, or that the text stands in. Tag is 0x05..0x3F.
	Page, Tag byte

	// Empty is set at a Start whose tag has no content bit (0x09 instead of 0x49): no End follows.
	Empty bool

	// Opaque tells OPAQUE from STR_I.
	Opaque bool

	// More is set when the same STR_I or OPAQUE goes on in the next token, which is then a Text too
	// (with empty Data if only the terminator was missing).
	More bool

	// Data is the text, not checked to be UTF-8. It aliases the input or the decoder's buffer and is valid until
	// the next call of Next, Skip, Feed or a Reset; over Reset's document it stays valid as long as the document.
	Data []byte

	// Offset counts from the first byte of the header. For Start and End it is the place of the tag or END byte,
	// for Text the place of Data's first byte, so doc[Offset:Offset+len(Data)] is Data.
	Offset int64
}
