package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// closeTelling dials TLS connections that close told when the other side has
// closed them.
func closeTelling(t *http.Transport, told chan struct{}) func(context.Context, string, string) (net.Conn, error) {
	config := t.TLSClientConfig.Clone()
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&tls.Dialer{Config: config}).DialContext(ctx, network, addr)
		return &tellingConn{Conn: c, told: told}, err
	}
}

type tellingConn struct {
	net.Conn
	told chan struct{}
}

func (c *tellingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		select {
		case <-c.told:
		default:
			close(c.told)
		}
	}
	return n, err
}
