package edge

import (
	"context"
	"crypto/tls"
	"time"

	"go.uber.org/zap"
)

// Follow is TLS, 1.2 or later, with the certificate of these PEM files for a listener
// that no phone ever reaches. The files are read again when they change, looked at once
// a second at most; no metric counts it, the log says it.
func Follow(ctx context.Context, certFile, keyFile string, log *zap.Logger) (*tls.Config, error) {
	of := TLS{Files: []KeyFiles{{Cert: certFile, Key: keyFile}}}
	certs, err := OpenCertificates(ctx, CertificatesConfig{TLS: of, Log: log})
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return certs.shown.Load().get(hello) },
		// Each handshake comes by here, one that resumes a session too.
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			certs.follow(time.Now())
			return nil, nil
		},
	}, nil
}
