package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/pires/go-proxyproto"
)

// Why a TLS handshake failed, as metric labels.
const (
	reasonClosed        = "closed"         // the client left: health checks, scanners, lost networks
	reasonTimeout       = "timeout"        // not done within the limit
	reasonNotTLS        = "not-tls"        // the first bytes are no TLS record
	reasonPlainHTTP     = "plain-http"     // http:// spoken on the https port
	reasonProxyHeader   = "proxy-header"   // a PROXY header from a peer that is not listed
	reasonVersion       = "version"        // TLS 1.1 or older
	reasonCipher        = "cipher"         // no cipher suite or curve in common
	reasonALPN          = "alpn"           // no HTTP version in common
	reasonClientRefused = "client-refused" // the client sent an alert: mostly, it does not trust the certificate
	reasonOther         = "other"

	reasonClientCertificate = "client-certificate" // the client shows none, or one that is not believed (tls.clients)
	reasonNoCertificate     = "no-certificate"     // nothing was issued yet for the name that it asks for
)

// handshake makes a TLS connection of a socket, within the limit.
func handshake(ctx context.Context, c *socket, config *tls.Config, within time.Duration) (*tls.Conn, error) {
	if err := c.SetDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	conn := tls.Server(c, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return conn, c.SetDeadline(time.Time{})
}

// failure finds the label for a failed handshake. crypto/tls has types for few
// of its errors; for the others the text decides, and a test with real clients
// fails when a new Go version words them differently.
func failure(err error) string {
	var record tls.RecordHeaderError
	var op *net.OpError
	var believed *tls.CertificateVerificationError
	switch {
	case errors.As(err, &record):
		return notTLS(record.RecordHeader)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return reasonTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.Canceled), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return reasonClosed
	case errors.Is(err, errNoCertificate):
		return reasonNoCertificate
	case errors.As(err, &believed):
		return reasonClientCertificate
	case errors.As(err, &op) && op.Op == "remote error":
		return reasonClientRefused
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "unsupported versions"):
		return reasonVersion
	case strings.Contains(text, "no cipher suite"), strings.Contains(text, "no key exchanges"),
		strings.Contains(text, "supported signature algorithms"), strings.Contains(text, "no mutually supported"):
		return reasonCipher
	case strings.Contains(text, "application protocols"):
		return reasonALPN
	case strings.Contains(text, "didn't provide a certificate"):
		return reasonClientCertificate
	}
	return reasonOther
}

// notTLS tells apart who knocks without TLS, by the first five bytes.
func notTLS(first [5]byte) string {
	switch string(first[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "PROPF", "RPC_I", "RPC_O":
		return reasonPlainHTTP
	}
	if bytes.HasPrefix(proxyproto.SIGV1, first[:]) || bytes.HasPrefix(proxyproto.SIGV2, first[:]) {
		return reasonProxyHeader
	}
	return reasonNotTLS
}

// answerPlainHTTP tells a person with http:// in the address bar what is wrong.
func answerPlainHTTP(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(time.Second)) // nobody has to read it
	_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"+
		"Connection: close\r\n\r\nThis port speaks HTTPS: use https:// in the address.\n")
}
