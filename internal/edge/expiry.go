package edge

import (
	"crypto/x509"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// expiry shows, at each scrape, when the certificates in use expire and which names
// have none. Looking then and not at each change cannot miss one: certmagic renews,
// reloads and drops certificates without telling.
type expiry struct {
	notAfter, missing *prometheus.Desc
	from              atomic.Pointer[Certificates]
}

func newExpiry() *expiry {
	return &expiry{
		notAfter: prometheus.NewDesc("diastole_edge_certificate_not_after_timestamp_seconds",
			"When the certificates in use expire, by their first name.", []string{"name"}, nil),
		missing: prometheus.NewDesc("diastole_edge_certificates_missing",
			"Names of tls.acme.domains that have no certificate; phones cannot connect to them.", nil, nil),
	}
}

// Describe is prometheus.Collector's.
func (e *expiry) Describe(to chan<- *prometheus.Desc) {
	to <- e.notAfter
	to <- e.missing
}

// Collect is prometheus.Collector's.
func (e *expiry) Collect(to chan<- prometheus.Metric) {
	c := e.from.Load()
	if c == nil {
		return
	}
	first := map[string]time.Time{}
	for _, leaf := range c.leaves() {
		name := nameOf(leaf)
		if at, known := first[name]; !known || leaf.NotAfter.Before(at) {
			first[name] = leaf.NotAfter
		}
	}
	for name, at := range first {
		to <- prometheus.MustNewConstMetric(e.notAfter, prometheus.GaugeValue, float64(at.Unix()), name)
	}
	to <- prometheus.MustNewConstMetric(e.missing, prometheus.GaugeValue, float64(len(c.missing())))
}

// nameOf is what people call a certificate.
func nameOf(leaf *x509.Certificate) string {
	switch {
	case len(leaf.DNSNames) > 0:
		return leaf.DNSNames[0]
	case len(leaf.IPAddresses) > 0:
		return leaf.IPAddresses[0].String()
	default:
		return leaf.Subject.CommonName
	}
}
