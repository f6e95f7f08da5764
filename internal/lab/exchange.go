package lab

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"strconv"
	"strings"
)

// Exchange is one request on a Recorder and the way to answer it. It belongs to the script's goroutine; a script
// that reads and writes at the same time may use Read in one and Send in another.
type Exchange struct {
	Request *Recorded
	Conn    net.Conn
	Context context.Context // ends with the Recorder

	in   *bufio.Reader
	sum  hash.Hash
	left int64 // of the body with FramedLength, of the chunk with FramedChunked
	over bool  // the body is read
}

func newExchange(ctx context.Context, c net.Conn, in *bufio.Reader, r *Recorded) *Exchange {
	x := &Exchange{Request: r, Conn: c, Context: ctx, in: in, sum: sha256.New()}
	x.left = r.Length
	x.over = r.Framing == FramedNone
	return x
}

// Send writes raw bytes, each string with a write of its own.
func (x *Exchange) Send(parts ...string) error {
	for _, p := range parts {
		if _, err := io.WriteString(x.Conn, p); err != nil {
			return err
		}
	}
	return nil
}

// Reset ends the connection with RST. Return io.EOF after it.
func (x *Exchange) Reset() { reset(x.Conn) }

// Raw reads what comes after the head as it is on the wire, once an upgrade or CONNECT made it something else than HTTP.
func (x *Exchange) Raw() io.Reader {
	x.over = true
	return x.in
}

// ReadBody reads what is left of the body, to the end of its trailer.
func (x *Exchange) ReadBody() error {
	_, err := io.Copy(io.Discard, x)
	return err
}

// Read reads the body without its framing, as soon as something of it is there.
func (x *Exchange) Read(p []byte) (n int, err error) {
	if x.over || len(p) == 0 {
		return 0, io.EOF
	}
	if x.left == 0 {
		if err := x.turn(); err != nil {
			return 0, err
		}
	}
	if x.over {
		x.sum.Sum(x.Request.BodySum[:0])
		return 0, io.EOF
	}
	n, err = x.in.Read(p[:min(int64(len(p)), x.left)])
	x.left -= int64(n)
	x.note(p[:n])
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// turn comes to the next chunk or to the body's end.
func (x *Exchange) turn() error {
	if x.Request.Framing == FramedLength {
		x.over = true
		return nil
	}
	if len(x.Request.Chunks) > 0 {
		if end, err := readLine(x.in, 2); err != nil || end != "\r\n" {
			return fmt.Errorf("lab: chunk ends with %q, %v", end, err)
		}
	}
	line, err := readLine(x.in, headMost)
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ";")
	if x.left, err = strconv.ParseInt(size, 16, 64); err != nil || x.left < 0 {
		return fmt.Errorf("lab: chunk size line %q", line)
	}
	if x.left > 0 {
		if len(x.Request.Chunks) < chunksKept {
			x.Request.Chunks = append(x.Request.Chunks, int(x.left))
		}
		return nil
	}
	x.over = true
	_, x.Request.Trailer, err = readFields(x.in)
	return err
}

// note keeps what came.
func (x *Exchange) note(p []byte) {
	x.sum.Write(p)
	x.Request.BodySize += int64(len(p))
	if room := BodyKept - len(x.Request.Body); room > 0 {
		x.Request.Body = append(x.Request.Body, p[:min(len(p), room)]...)
	}
}

// Answer is a script that reads the whole body and answers these bytes, each string with a write of its own. A
// request that expects 100-continue gets it first.
func Answer(parts ...string) Script {
	return func(x *Exchange) error {
		if strings.EqualFold(x.Request.Get("Expect"), "100-continue") {
			if err := x.Send("HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return err
			}
		}
		if err := x.ReadBody(); err != nil {
			return err
		}
		return x.Send(parts...)
	}
}

// Chunk frames p as one chunk; Chunk("") is the last one without a trailer.
func Chunk(p string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(p), p) }
