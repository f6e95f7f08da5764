//go:build linux

package firewall

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/doctor"
	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/test/netns"
)

// examine looks at the way through the firewall to a server of the lab, over TLS.
func examine(t *testing.T, w *netns.World, s *lab.Server, holds ...time.Duration) *doctor.PathReport {
	t.Helper()
	pair := httptest.NewTLSServer(nil)
	pair.Close()
	listener, err := w.Server.Listen(netns.ServerAddress + ":0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(tls.NewListener(listener, &tls.Config{Certificates: pair.TLS.Certificates}))
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(pair.Certificate())
	report, err := doctor.RunPath(t.Context(), doctor.PathConfig{
		URL: "https://" + listener.Addr().String(), User: "anna", Password: "secret", Holds: holds, Search: 10 * time.Minute,
		Dial: w.Phones.Dial, TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}, Tell: func(line string) { t.Log(line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// trusts is TLS that trusts the certificate which diastole has made for itself.
func trusts(t *testing.T, w *netns.World, address string) *tls.Config {
	t.Helper()
	bare, err := w.Phones.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	conn := tls.Client(bare, &tls.Config{InsecureSkipVerify: true})
	if err := conn.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	own := conn.ConnectionState().PeerCertificates[0]
	roots := x509.NewCertPool()
	roots.AddCert(own)
	return &tls.Config{RootCAs: roots, ServerName: own.DNSNames[0]}
}

// The bytes between must disturb neither diastole nor the server behind it.
func TestTheDoctorFindsTheFirewallInFrontOfDiastole(t *testing.T) {
	t.Parallel()
	const forgets = 6 * time.Second
	w := netns.New(t, forgets)
	e := startEdge(t, w, "learn: observe")
	r, err := doctor.RunPath(t.Context(), doctor.PathConfig{URL: "https://" + e.phones, User: "anna", Password: "secret",
		Holds: []time.Duration{3 * time.Second, 12 * time.Second}, Search: 10 * time.Minute, Dial: w.Phones.Dial, TLS: trusts(t, w, e.phones)})
	if err != nil {
		t.Fatal(err)
	}
	says(t, r, doctor.SideClient, forgets)
	if c := r.Control; c == nil || c.End != "held" {
		t.Errorf("the control: %+v", c)
	}
}

func patient() *lab.Server {
	return lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": "secret"}, MinHeartbeat: time.Second})
}

// says fails unless the verdict is this side, within five seconds.
func says(t *testing.T, r *doctor.PathReport, side doctor.Side, after time.Duration) {
	t.Helper()
	if v := r.Verdict; v.Side != side || (time.Duration(v.After)-after).Abs() > 5*time.Second {
		t.Errorf("verdict %+v, want %s after %v; holds %+v", v, side, after, r.Holds)
	}
}

func TestTheDoctorFindsAFirewallThatForgets(t *testing.T) {
	t.Parallel()
	const forgets = 9 * time.Second
	w := netns.New(t, forgets)
	r := examine(t, w, patient(), 4*time.Second, 15*time.Second)
	says(t, r, doctor.SideClient, forgets)
	if h := r.Holds[1]; h.Probe != "not acknowledged" || h.Kernel == nil || h.Kernel.Waiting == 0 || h.Kernel.Retransmits == 0 {
		t.Errorf("the dead wait: %+v, kernel %+v; want a byte that nobody acknowledges", h, h.Kernel)
	}
	if c := r.Control; c == nil || c.End != "held" {
		t.Errorf("the control: %+v", c)
	}
}

func TestTheDoctorFindsAFirewallThatRefusesWhatItForgot(t *testing.T) {
	t.Parallel()
	const forgets = 4 * time.Second
	w := netns.New(t, forgets)
	w.Refuse(t)
	r := examine(t, w, patient(), 2*time.Second, 6*time.Second)
	says(t, r, doctor.SideClient, forgets)
	if h := r.Holds[1]; h.Probe != "reset" {
		t.Errorf("the dead wait: %+v, want a byte that is refused", h)
	}
}

func TestTheDoctorTellsAServerThatClosesFromAFirewall(t *testing.T) {
	t.Parallel()
	const closes = 7 * time.Second
	w := netns.New(t, time.Minute)
	s := patient()
	s.Inject(lab.Fault{Match: lab.On("Ping"), Kind: lab.FaultCutBefore, After: closes})
	r := examine(t, w, s, 9*time.Second, 20*time.Second)
	says(t, r, doctor.SideServer, closes)
}

// A server that is mute and a firewall that forgot look the same to a phone. The kernel
// knows: the mute one acknowledges.
func TestTheDoctorTellsAMuteServerFromAFirewall(t *testing.T) {
	t.Parallel()
	w := netns.New(t, time.Minute)
	s := patient()
	s.Inject(lab.Fault{Match: lab.On("Ping"), Kind: lab.FaultMute})
	r := examine(t, w, s, 2*time.Second)
	says(t, r, doctor.SideServer, 0)
	if h := r.Holds[0]; h.Probe != "acknowledged" || r.Control == nil || r.Control.End != "silent" {
		t.Errorf("the mute wait: %+v, control %+v", h, r.Control)
	}
}

func TestTheDoctorFindsNothingWhereNothingCuts(t *testing.T) {
	t.Parallel()
	w := netns.New(t, time.Minute)
	says(t, examine(t, w, patient(), 3*time.Second, 15*time.Second), doctor.SideNone, 15*time.Second)
}
