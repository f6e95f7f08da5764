package upstream

import (
	"context"
	"io"
	"net"
	"time"
)

// memory is a connection whose server has said all it will ever say.
type memory struct {
	io.Reader
	closed bool
}

func (*memory) Write(p []byte) (int, error)      { return len(p), nil }
func (m *memory) Close() error                   { m.closed = true; return nil }
func (*memory) LocalAddr() net.Addr              { return nil }
func (*memory) RemoteAddr() net.Addr             { return nil }
func (*memory) SetDeadline(time.Time) error      { return nil }
func (*memory) SetReadDeadline(time.Time) error  { return nil }
func (*memory) SetWriteDeadline(time.Time) error { return nil }

// exchangeInMemory reads one answer.
func exchangeInMemory(r *Request, answer io.Reader) (*Response, *Error) {
	m := &memory{Reader: answer}
	return newConn(m, m).exchange(context.Background(), r)
}
