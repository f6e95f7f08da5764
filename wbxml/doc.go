// Package wbxml reads and writes the binary XML that ActiveSync speaks (MS-ASWBXML, a narrow profile of
// WAP Binary XML 1.3).
//
// A Decoder turns bytes into Start, Text and End tokens. It works over a document in memory, over an io.Reader
// and over pieces that are pushed into it; all three run the same state machine, so they agree on every token,
// every error and every offset. It keeps no copy of what it read: memory stays the same for a stream of any size.
//
//	var d wbxml.Decoder
//	d.Reset(body, wbxml.Limits{})
//	for {
//		tok, err := d.Next()
//		if err == io.EOF {
//			break // the root element was closed
//		}
//		...
//	}
//
// Input is taken for hostile. Lengths in it are never used to allocate, nesting does not recurse, and Limits bound
// bytes, depth, text and elements.
//
// What it tolerates, because devices and servers send it: redundant and repeated SWITCH_PAGE, also inside elements
// and before END; empty elements as 0x49 0x01 or as 0x09; bytes after the root's END; WBXML versions 1.1 to 1.3;
// mb_u_int32 with leading zero groups; charset 106 (UTF-8) or 0 (unknown); a public id or a string table that the
// document carries and then does not use.
//
// What it refuses by name, because MS-ASWBXML 2.1.3 says that ActiveSync never uses it: string table references,
// entities, literals, extensions, processing instructions and attributes.
//
// What it will not do: it knows no tag names (see wbxml/eas), checks no UTF-8, joins no split text, and turns
// no text into numbers.
package wbxml
