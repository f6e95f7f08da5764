package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/diastole/diastole/wbxml"
	"github.com/diastole/diastole/wbxml/eas"
)

// decodeCmd prints what phones and servers say to each other.
type decodeCmd struct {
	File  string `arg:"" optional:"" help:"WBXML document, as it is or as hexadecimal digits; - or nothing reads standard input."`
	Hex   string `placeholder:"DIGITS" help:"The document as hexadecimal digits."`
	Query string `placeholder:"QUERY" help:"A query instead of a document: what follows the ? in an ActiveSync URL, base64 or plain. A whole URL or request line will do."`
	JSON  bool   `name:"json" help:"JSON instead of XML, or with --query instead of a table."`
}

// Help is shown by `diastole decode --help`.
func (decodeCmd) Help() string {
	return `For example:

  diastole decode request.wbxml
  xxd -p request.wbxml | diastole decode
  diastole decode --hex '03 01 6a 00 00 0d 45 48 03 34 38 30 00 01 01'
  diastole decode --query 'Cmd=Ping&User=jo&DeviceId=a1&DeviceType=iPhone'

With --json an element is {"page": "Ping", "tag": "HeartbeatInterval", "content": ["480"]}: content has strings, elements and, for bytes that are no text, {"base64": "..."}.

Of a broken document or query the part before the fault is printed, then what is wrong, and the exit code is 1.`
}

// Validate refuses two inputs at once.
func (c decodeCmd) Validate() error {
	given := 0
	for _, input := range []string{c.File, c.Hex, c.Query} {
		if input != "" {
			given++
		}
	}
	if given > 1 {
		return errors.New("give one of FILE, --hex and --query")
	}
	return nil
}

// Run is the command.
func (c decodeCmd) Run(s streams) error {
	switch {
	case c.Query != "":
		return printQuery(s.out, c.Query, c.JSON)
	case c.Hex != "":
		return c.document(s.out, "--hex", newHexReader(strings.NewReader(c.Hex)))
	case c.File == "" || c.File == "-":
		return c.document(s.out, "standard input", binary(s.in))
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.document(s.out, c.File, binary(f))
}

func (c decodeCmd) document(w io.Writer, name string, r io.Reader) error {
	var d wbxml.Decoder
	d.ResetReader(r, wbxml.Limits{})
	write := eas.WriteXML
	if c.JSON {
		write = printElements
	}
	if err := write(w, &d); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// binary recognises hexadecimal digits. There is no doubt: a WBXML document
// begins with its version, a byte from 0 to 3, and text does not.
func binary(r io.Reader) io.Reader {
	buffered := bufio.NewReader(r)
	if first, err := buffered.Peek(1); err == nil && strings.IndexByte(" \t\r\n0123456789abcdefABCDEF\\", first[0]) >= 0 {
		return newHexReader(buffered)
	}
	return buffered
}

// newHexReader reads hexadecimal digits as people have them: with spaces,
// colons, commas or line ends between the pairs, or as \x03\x01.
func newHexReader(r io.Reader) io.Reader {
	return hexReader{hex.NewDecoder(&digits{r: bufio.NewReader(r)})}
}

// hexReader says what is wrong in the words of the person who typed it.
type hexReader struct{ pairs io.Reader }

func (h hexReader) Read(p []byte) (int, error) {
	n, err := h.pairs.Read(p)
	var invalid hex.InvalidByteError
	switch {
	case errors.As(err, &invalid):
		err = fmt.Errorf("%q is no hexadecimal digit", rune(invalid))
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("an odd number of hexadecimal digits")
	}
	return n, err
}

// digits drops what stands between the digits.
type digits struct {
	r    *bufio.Reader
	last byte
}

func (d *digits) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c, err := d.r.ReadByte()
		if err != nil {
			if n > 0 {
				return n, nil // the error comes again
			}
			return 0, err
		}
		switch {
		case strings.IndexByte(" \t\r\n:,;\\", c) >= 0:
		case c == 'x' && d.last == '\\':
		default:
			p[n] = c
			n++
		}
		d.last = c
	}
	return n, nil
}
