package imap

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

// longest is how long a response may be with its literals. The longest that we
// ask for names a folder, or lists what a server can do; a server that sends
// more is broken or hostile, and must not fill our memory.
const longest = 64 << 10

// client speaks IMAP4rev1 on one connection, one command at a time. It has no
// goroutine and no lock: one goroutine, its keeper, uses it.
type client struct {
	conn     net.Conn
	in       *bufio.Reader
	patience time.Duration // for one command
	tags     int
	can      capabilities
	untagged func(response) error // sees what comes before the end of a command
}

func newClient(conn net.Conn, patience time.Duration) *client {
	c := &client{patience: patience}
	c.on(conn)
	return c
}

// on makes the client speak on this connection from now on. Nothing that was read
// from, or known of, the connection before survives: what a stranger has put in front of a
// TLS handshake must not count after it (RFC 3501 6.2.1).
func (c *client) on(conn net.Conn) {
	c.conn, c.in, c.can = conn, bufio.NewReaderSize(conn, 1024), capabilities{}
	c.untagged = func(response) error { return nil }
}

// read reads one response.
func (c *client) read() (response, error) {
	line, err := c.line()
	if err != nil {
		return response{}, err
	}
	r := parse(line)
	if r.tag == "*" && r.kind == "CAPABILITY" {
		c.can = readCapabilities(r.text)
	}
	if rest, ok := r.capabilities(); ok {
		c.can = readCapabilities(rest)
	}
	return r, nil
}

func (c *client) line() ([]byte, error) {
	var whole []byte
	for {
		part, err := c.in.ReadSlice('\n')
		if len(whole)+len(part) > longest {
			return nil, &fault{trouble: unsuitable, what: "the server sends a line that is too long"}
		}
		whole = append(whole, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return nil, err
		}
		size, more := literal(whole)
		if !more {
			return whole[:len(whole)-len(lineEnd(whole))], nil
		}
		if size > longest-len(whole) {
			return nil, &fault{trouble: unsuitable, what: "the server sends a literal that is too long"}
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(c.in, body); err != nil {
			return nil, err
		}
		whole = append(whole, body...)
	}
}

// lineEnd is the CRLF, or the LF that some servers make of it.
func lineEnd(line []byte) []byte {
	n := len(line)
	if n > 1 && line[n-2] == '\r' {
		return line[n-2:]
	}
	return line[n-1:]
}

// within says how long everything from now on may take, in both directions.
func (c *client) within(d time.Duration) { c.conn.SetDeadline(time.Now().Add(d)) }

// command sends a command and reads its end, which may be OK, NO or BAD.
func (c *client) command(within time.Duration, text string) (response, error) {
	c.within(within)
	tag, err := c.begin(text)
	if err != nil {
		return response{}, err
	}
	return c.end(tag)
}

// begin sends a command, or its first line. text comes from us alone: whatever a
// user chose goes through astring or base64 before.
func (c *client) begin(text string) (tag string, err error) {
	c.tags++
	tag = "d" + strconv.Itoa(c.tags)
	return tag, c.send(tag + " " + text)
}

func (c *client) send(line string) error {
	_, err := io.WriteString(c.conn, line+"\r\n")
	return err
}

// end reads to the end of a command that must not ask for more.
func (c *client) end(tag string) (response, error) {
	r, err := c.reply(tag)
	if err == nil && r.tag == "+" {
		err = &fault{trouble: unsuitable, what: "the server asks for more where a command has ended"}
	}
	return r, err
}

// reply reads to the end of a command or to a request for more of it ("+").
func (c *client) reply(tag string) (response, error) {
	for {
		r, err := c.read()
		switch {
		case err != nil:
			return r, err
		case r.tag == "+", r.tag == tag:
			return r, nil
		case r.tag != "*":
			return r, &fault{trouble: unsuitable, what: "the server does not speak IMAP"}
		case r.kind == "BYE":
			return r, turnedDown(r)
		}
		if err := c.untagged(r); err != nil {
			return r, err
		}
	}
}

// next waits for a response that nobody has asked for. some is false when nothing
// had come until then; a response that has begun may end later.
func (c *client) next(until time.Time) (r response, some bool, err error) {
	c.conn.SetDeadline(until)
	if _, err := c.in.Peek(1); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return r, false, nil
		}
		return r, false, err
	}
	c.within(c.patience)
	r, err = c.read()
	return r, true, err
}
