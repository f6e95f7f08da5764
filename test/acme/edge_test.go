package acme

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/diastole/diastole/internal/edge"
	"github.com/diastole/diastole/internal/said"
	"github.com/diastole/diastole/proxy"
)

const (
	name  = "mail.example.com"
	other = "autodiscover.example.com"
)

// node is a listener with what it has issued.
type node struct {
	t       *testing.T
	dir     string // its shelf
	cfg     edge.ACME
	port    int
	certs   *edge.Certificates
	server  *edge.Server
	metrics *prometheus.Registry
	logs    *observer.ObservedLogs

	entrance *proxy.Entrance // nil: requests are answered at once
}

// newNode has ports for an authority to look at; it is not started yet.
func newNode(t *testing.T) *node {
	return &node{t: t, dir: filepath.Join(t.TempDir(), "tls"), port: FreePort(t), cfg: edge.ACME{Domains: []string{name}, CheckEvery: 100 * time.Millisecond}}
}

// start runs it, until stop or the end of the test.
func (n *node) start(a *Authority, change func(*edge.CertificatesConfig)) {
	n.t.Helper()
	log, logs := said.Log(n.t, zapcore.DebugLevel)
	n.logs, n.metrics = logs, prometheus.NewRegistry()
	said.Metrics(n.t, n.metrics)
	metrics := edge.NewMetrics(n.metrics)
	shelf, err := edge.OpenDisk(n.t.Context(), n.dir)
	if err != nil {
		n.t.Fatal(err)
	}
	n.cfg.CA, n.cfg.CARoot = a.URL, a.RootFile
	cfg := edge.CertificatesConfig{TLS: edge.TLS{ACME: n.cfg}, Shelf: shelf, Log: log, Metrics: metrics}
	if change != nil {
		change(&cfg)
	}
	if n.certs, err = edge.OpenCertificates(n.t.Context(), cfg); err != nil {
		n.t.Fatal(err)
	}
	listen := edge.Config{Listen: fmt.Sprintf("127.0.0.1:%d", n.port), Certificates: n.certs, Log: log, Metrics: metrics,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.TLS.ServerName) })}
	if n.entrance != nil {
		listen.Handler, listen.ConnContext, listen.ConnState = n.entrance, n.entrance.ConnContext, n.entrance.ConnState
	}
	if n.server, err = edge.Listen(n.t.Context(), listen); err != nil {
		n.t.Fatal(err)
	}
	go func() { _ = n.server.Serve() }()
	n.t.Cleanup(n.stop)
}

func (n *node) stop() {
	if n.server != nil {
		_ = n.server.Close()
		n.certs.Close()
		n.server = nil
	}
}

// shake is a phone's handshake; it does not look who signed.
func (n *node) shake(serverName string) (*x509.Certificate, error) {
	c, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", n.port), &tls.Config{ServerName: serverName, InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

// issued waits until a certificate of that name is shown that is not the former.
func (n *node) issued(serverName string, former *x509.Certificate) *x509.Certificate {
	n.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		leaf, err := n.shake(serverName)
		if err == nil && (former == nil || !leaf.Equal(former)) {
			if err := leaf.VerifyHostname(serverName); err != nil {
				n.t.Fatal(err)
			}
			return leaf
		}
	}
	n.tell()
	n.t.Fatalf("no certificate for %s", serverName)
	return nil
}

func (n *node) tell() {
	for _, e := range n.logs.All() {
		n.t.Log(e.Level, e.LoggerName, e.Message, e.ContextMap())
	}
}

// said waits for a line that begins so.
func (n *node) said(begin string) observer.LoggedEntry {
	n.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		for _, e := range n.logs.All() {
			if strings.HasPrefix(e.Message, begin) {
				return e
			}
		}
	}
	n.tell()
	n.t.Fatalf("never said: %s", begin)
	return observer.LoggedEntry{}
}

// metric reads one; label is the value of its only label, or "".
func (n *node) metric(metric, label string) float64 {
	n.t.Helper()
	families, err := n.metrics.Gather()
	if err != nil {
		n.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "diastole_edge_"+metric && (len(m.GetLabel()) == 0 || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	n.t.Fatalf("no metric %s{%s}", metric, label)
	return 0
}
