package edge

import (
	"crypto/tls"
	"time"

	"go.uber.org/zap"
)

// Follow is TLS, 1.2 or later, with the certificate of these PEM files (see [Config]) for
// a listener that no phone ever reaches. The files are read again when they change, looked
// at once a second at most; no metric counts it, the log says it.
func Follow(certFile, keyFile string, log *zap.Logger) (*tls.Config, error) {
	certs, err := loadCertificates(Config{CertFile: certFile, KeyFile: keyFile, Log: log, Metrics: NewMetrics(nil), limits: defaultLimits()})
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: certs.get,
		// Each handshake comes by here, one that resumes a session too.
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			certs.follow(time.Now())
			return nil, nil
		},
	}, nil
}
