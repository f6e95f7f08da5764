package admin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// authority signs certificates for this machine and for its clients.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, pool: x509.NewCertPool()}
	made := a.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, 0)
	a.cert, a.key = made.Leaf, made.PrivateKey.(*ecdsa.PrivateKey)
	a.pool.AddCert(a.cert)
	return a
}

// sign makes a certificate that is valid for an hour, from so long ago.
func (a *authority) sign(c *x509.Certificate, ago time.Duration) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(1), pkix.Name{CommonName: "a test"}
	c.NotBefore = time.Now().Add(-time.Minute - ago)
	c.NotAfter = c.NotBefore.Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) client(ago time.Duration) []tls.Certificate {
	return []tls.Certificate{a.sign(&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ago)}
}

// listener is what a listener has: a certificate, and clients of these authorities.
func (a *authority) listener(clients *x509.CertPool) *tls.Config {
	return &tls.Config{ClientCAs: clients, Certificates: []tls.Certificate{
		a.sign(&x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, 0)}}
}

// asks sends a request with these certificates, and says how it was answered; 0: not at all.
func (a *authority) asks(url string, own []tls.Certificate, header ...string) (status int, body string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), "GET", url, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: a.pool, Certificates: own}}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(r)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if response.ProtoMajor != 2 {
		a.t.Errorf("by %s: browsers keep no more than six streams open over HTTP/1", response.Proto)
	}
	return response.StatusCode, string(text)
}

func TestAClientCertificateIsAsGoodAsTheToken(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	for _, path := range []string{"/livez", "/metrics", "/api/v1/fleet", "/debug/pprof/"} {
		for _, secret := range []string{"", token} {
			url := secure(serve(t, Config{TLS: ours.listener(ours.pool), Token: secret, Pprof: true, Learned: newLearned().learned(t)})) + path
			nobody := map[string]int{"": http.StatusForbidden, token: http.StatusUnauthorized}[secret]
			withToken := map[string]int{"": http.StatusForbidden, token: http.StatusOK}[secret]
			for name, c := range map[string]struct {
				own    []tls.Certificate
				header string
				want   int
			}{
				"ours":                {ours.client(0), "X-None: 1", http.StatusOK},
				"ours, wrong token":   {ours.client(0), "Authorization: Bearer no", http.StatusOK},
				"another authority's": {others.client(0), "X-None: 1", 0},
				"expired":             {ours.client(2 * time.Hour), "X-None: 1", 0},
				"none":                {nil, "X-None: 1", nobody},
				"none, empty token":   {nil, "Authorization: Bearer ", nobody},
				"none, token":         {nil, "Authorization: Bearer " + token, withToken},
			} {
				if status, body := ours.asks(url, c.own, c.header); status != c.want {
					t.Errorf("%s, token %q, %s: %d %s; want %d", path, secret, name, status, body, c.want)
				}
			}
		}
	}
}

func TestWithoutAuthoritiesNoCertificateOpensAnything(t *testing.T) {
	ours := newAuthority(t)
	url := secure(serve(t, Config{TLS: ours.listener(nil), Token: token})) + "/livez"
	if status, body := ours.asks(url, ours.client(0)); status != http.StatusUnauthorized {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ours.asks(url, nil, "Authorization: Bearer "+token); status != http.StatusOK {
		t.Errorf("with the token: %d %s", status, body)
	}
}

func TestWhoShowsNoCertificateIsToldWhichIsNeeded(t *testing.T) {
	ours := newAuthority(t)
	url := secure(serve(t, Config{TLS: ours.listener(ours.pool), Learned: newLearned().learned(t)}))
	for path, want := range map[string]string{
		"/metrics":      "a client certificate of admin.tls.client_ca is needed: put it into the browser, or send it with curl --cert FILE --key FILE\n",
		"/api/v1/fleet": `"remedy":"put it into the browser`,
	} {
		if status, body := ours.asks(url+path, nil); status != http.StatusForbidden || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func secure(url string) string { return strings.Replace(url, "http://", "https://", 1) }
