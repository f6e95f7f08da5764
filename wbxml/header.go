package wbxml

const (
	charsetUnknown = 0
	charsetUTF8    = 106 // IANA MIBenum (WAP-192-WBXML 5.6); the only one ActiveSync uses

	// maxTable bounds a string table that nothing may refer to. The one that is seen, from libwbxml, has the 33 bytes
	// of "-//MICROSOFT//DTD ActiveSync//EN".
	maxTable = 4096
)

// headerStep reads version, public id, charset and string table. ActiveSync's header is always 03 01 6A 00, but old
// encoders write other legal forms of it, and a server that reads them must not be met by a proxy that does not.
func (d *Decoder) headerStep() {
	switch d.state {
	case atVersion:
		d.version()
	case inTable:
		n := min(len(d.rest()), int(d.left))
		d.pos += n
		if d.left -= uint32(n); d.left == 0 {
			d.state = inBody
		}
	default:
		if v, done := d.mbUint(); done {
			d.headerNumber(v)
		}
	}
}

// version accepts WBXML 1.1 to 1.3. Version 1.0 (byte 0) has no charset, so it would be misread from the third byte on.
func (d *Decoder) version() {
	at, b := d.offset(), d.take()
	if b < 1 || b > 3 {
		d.fail(at, BadHeader, "0x%02X is no WBXML version (1 to 3); is this WBXML at all?", b)
		return
	}
	d.state = atPublicID
}

// headerNumber takes one of the four numbers that follow the version.
func (d *Decoder) headerNumber(v uint32) {
	at := d.number.at
	switch d.state {
	case atPublicID:
		d.state = atCharset
		if d.tableRef = v == 0; d.tableRef {
			d.state = atPublicRef
		} else if v != 1 {
			d.fail(at, BadHeader, "public id %d is another document type than ActiveSync's (1)", v)
		}
	case atPublicRef:
		d.publicID, d.state = v, atCharset
	case atCharset:
		d.state = atTableLength
		if v != charsetUTF8 && v != charsetUnknown {
			d.fail(at, BadHeader, "charset %d is not UTF-8 (106)", v)
		}
	case atTableLength:
		d.tableLength(at, v)
	}
}

func (d *Decoder) tableLength(at int64, n uint32) {
	switch {
	case n > maxTable:
		d.fail(at, BadHeader, "string table of %d bytes; ActiveSync uses none", n)
	case d.tableRef && d.publicID >= n:
		d.fail(at, BadHeader, "public id is at %d of a string table of %d bytes", d.publicID, n)
	case n == 0:
		d.state = inBody
	default:
		d.left, d.state = n, inTable
	}
}

// mbUint takes one byte of a number.
func (d *Decoder) mbUint() (v uint32, done bool) {
	at := d.offset()
	done, bad := d.number.add(d.take(), at)
	if bad != "" {
		d.fail(d.number.at, MbUint, "%s", bad)
		return 0, false
	}
	if !done {
		return 0, false
	}
	return d.number.take(), true
}
