package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// message is an HTTP/1 message as it stood on the wire.
type message struct {
	first   string // request or status line
	fields  []lab.Field
	framing lab.Framing
	body    string
	trailer []lab.Field
}

// readMessage reads one message by hand. bodiless says that no body follows,
// whatever the head says (the answer to HEAD).
func readMessage(in *bufio.Reader, bodiless bool) (m message, err error) {
	if m.first, err = readWireLine(in); err != nil {
		return m, err
	}
	if m.fields, err = readWireFields(in); err != nil {
		return m, err
	}
	length := m.get("Content-Length")
	switch {
	case bodiless, strings.HasPrefix(m.first, "HTTP/1.1 1"), strings.Contains(m.first, " 204 "), strings.Contains(m.first, " 304 "):
	case strings.EqualFold(m.get("Transfer-Encoding"), "chunked"):
		m.framing = lab.FramedChunked
		body, err := io.ReadAll(httputil.NewChunkedReader(in))
		if err != nil {
			return m, err
		}
		m.body = string(body)
		m.trailer, err = readWireFields(in)
		return m, err
	case length != "":
		m.framing = lab.FramedLength
		n, err := strconv.Atoi(length)
		if err != nil {
			return m, err
		}
		body := make([]byte, n)
		_, err = io.ReadFull(in, body)
		m.body = string(body)
		return m, err
	case strings.HasPrefix(m.first, "HTTP/"): // until close
		body, err := io.ReadAll(in)
		m.body = string(body)
		return m, err
	}
	return m, nil
}

func (m message) get(name string) string {
	for _, f := range m.fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

func readWireLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

func readWireFields(in *bufio.Reader) (fields []lab.Field, err error) {
	for {
		line, err := readWireLine(in)
		if err != nil || line == "" {
			return fields, err
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("header line %q", line)
		}
		fields = append(fields, lab.Field{Name: name, Value: strings.Trim(value, " \t")})
	}
}

// without are the fields that may differ: those of one connection only, and
// those that a proxy adds.
func without(fields []lab.Field, names ...string) []lab.Field {
	var rest []lab.Field
	for _, f := range fields {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, f.Name) }) {
			rest = append(rest, f)
		}
	}
	slices.SortFunc(rest, func(a, b lab.Field) int { return strings.Compare(a.Name+"\x00"+a.Value, b.Name+"\x00"+b.Value) })
	return rest
}

// phone is a raw TLS connection to the proxy.
type phone struct {
	*tls.Conn
	in *bufio.Reader
}

func call(t *testing.T, front *httptest.Server) *phone {
	t.Helper()
	c, err := tls.Dial("tcp", front.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &phone{Conn: c, in: bufio.NewReader(c)}
}

func (p *phone) send(t *testing.T, raw string) {
	t.Helper()
	if _, err := io.WriteString(p, raw); err != nil {
		t.Fatal(err)
	}
}

// receive reads the next message that is no 1xx, and gives those before it.
func (p *phone) receive(t *testing.T, bodiless bool) (m message, interim []message) {
	t.Helper()
	for {
		m, err := readMessage(p.in, bodiless)
		if err != nil {
			t.Fatalf("after %q: %v", m.first, err)
		}
		if !strings.HasPrefix(m.first, "HTTP/1.1 1") {
			return m, interim
		}
		interim = append(interim, m)
	}
}

// recording starts a recorder with a proxy in front of it.
func recording(t *testing.T, script lab.Script) (*lab.Recorder, *httptest.Server) {
	t.Helper()
	rec := lab.NewRecorder(script)
	t.Cleanup(rec.Close)
	base, err := rec.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	return rec, frontOf(t, base)
}

// next is the next request that the recorder has seen to its end.
func next(t *testing.T, rec *lab.Recorder) *lab.Recorded {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got, err := rec.Next(ctx)
	if err != nil {
		t.Fatalf("the server has not seen the request: %v", err)
	}
	return got
}
