package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// claimed are headers with which a client would be somebody else.
var claimed = []string{
	"Client-Cert", "Client-Cert-Chain", "CLIENT_CERT", "X-SSL-Client-Verify", "X_SSL_Client-Verify", "x-ssl-client-s-dn", "X-SSL-Client-Cert",
	"X-Ssl_Client_S_Dn_Cn", "SSL-Client-S-DN", "SSL_CLIENT_S_DN", "X-Client-Cert", "X-Client-Cert-Subject-DN", "X-Forwarded-Client-Cert",
	"X_Forwarded_Client_Cert", "X.SSL.Client.S.DN.CN", "Client~Cert", "X-Forwarded-Tls-Client-Cert-Info", "X-ARR-ClientCert", "X-Amzn-Mtls-Clientcert-Subject", "X-SSL",
}

// shown is a request with a certificate of that subject, nil for none.
func shown(subject *pkix.Name) *http.Request {
	r := httptest.NewRequest("POST", "https://mail.example.com/Microsoft-Server-ActiveSync?Cmd=Ping", nil)
	r.TLS = &tls.ConnectionState{}
	if subject != nil {
		r.TLS.PeerCertificates = []*x509.Certificate{{Subject: *subject, Issuer: pkix.Name{CommonName: "Office CA", Organization: []string{"Office"}},
			SerialNumber: big.NewInt(0x0a1b2c), Raw: []byte("der")}}
	}
	return r
}

func TestNoClientVouchesForItself(t *testing.T) {
	for _, told := range []bool{false, true} {
		p := New(Config{Upstream: &url.URL{Scheme: "http", Host: "server"}, Settings: Settings{ClientHeaders: told}})
		t.Cleanup(p.Close)
		r := shown(nil)
		for _, name := range claimed {
			r.Header[http.CanonicalHeaderKey(name)] = []string{"SUCCESS"}
		}
		r.Trailer = http.Header{"X-Ssl-Client-Verify": {"SUCCESS"}, "X-Checksum": {"1"}}
		for name, values := range p.requestHeader(r) {
			if strings.Contains(strings.Join(values, " "), "SUCCESS") {
				t.Errorf("told %v: %s goes up", told, name)
			}
		}
		if got := clean(r.Trailer); len(got) != 1 {
			t.Errorf("told %v: in the trailer %v", told, got)
		}
	}
}

func TestOrdinaryHeadersVouchForNothing(t *testing.T) {
	for _, name := range []string{"Content-Type", "Cookie", "Client", "X-Client-Version", "X-Ms-Policykey", "X-Forwarded-For", "Ssl", "S", ""} {
		if vouches(name) {
			t.Errorf("%s is taken away", name)
		}
	}
}

func TestTheServerIsToldOfACertificateOnlyWhereItIsToBe(t *testing.T) {
	subject := &pkix.Name{CommonName: "jo", Organization: []string{"Office"}, Country: []string{"DE"}}
	for _, c := range []struct {
		name    string
		told    bool
		subject *pkix.Name
		want    map[string]string
	}{
		{"not told", false, subject, map[string]string{}},
		{"told, none shown", true, nil, map[string]string{"X-SSL-Client-Verify": "NONE"}},
		{"told", true, subject, map[string]string{
			"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-S-DN": "CN=jo,O=Office,C=DE", "X-SSL-Client-S-DN-CN": "jo",
			"X-SSL-Client-I-DN": "CN=Office CA,O=Office", "X-SSL-Client-Serial": "0A1B2C", "Client-Cert": ":ZGVy:",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := New(Config{Upstream: &url.URL{Scheme: "http", Host: "server"}, Settings: Settings{ClientHeaders: c.told}})
			defer p.Close()
			r := shown(c.subject)
			// Naming them in Connection must not take ours away (RFC 9110 7.6.1).
			r.Header.Set("Connection", "X-SSL-Client-Verify, Client-Cert")
			got := map[string]string{}
			for name, values := range p.requestHeader(r) {
				if vouches(name) {
					got[name] = strings.Join(values, " | ")
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			for name, want := range c.want {
				if got[name] != want {
					t.Errorf("%s: %q, want %q", name, got[name], want)
				}
			}
		})
	}
}

// Z-Push lets in whom the header names. Servers take blanks off both ends of it.
func TestNoTwoNamesAreOneInAHeader(t *testing.T) {
	p := New(Config{Upstream: &url.URL{Scheme: "http", Host: "server"}, Settings: Settings{ClientHeaders: true}})
	t.Cleanup(p.Close)
	told := func(name string) string {
		const header = "X-SSL-Client-S-DN-CN" // in the spelling that goes up
		up := map[string][]string(p.requestHeader(shown(&pkix.Name{CommonName: name})))
		return strings.TrimSpace(up[header][0])
	}
	for _, pair := range [][2]string{{"jo", " jo"}, {"jo", "jo  "}, {"j\xc3\xb6", `j\C3\B6`}, {"a\n", `a\0A`}, {" jo", `\20jo`}, {`jo\`, `jo\5C`}} {
		if one, other := told(pair[0]), told(pair[1]); one == other {
			t.Errorf("%q and %q are both %q", pair[0], pair[1], one)
		}
	}
	if got := told("jo van der Berg"); got != "jo van der Berg" {
		t.Errorf("an ordinary name is %q", got)
	}
	letters := rapid.StringOf(rapid.SampledFrom([]rune(` \025Cjé` + "\n")))
	rapid.Check(t, func(t *rapid.T) {
		a, b := letters.Draw(t, "a"), letters.Draw(t, "b")
		if a != b && told(a) == told(b) {
			t.Fatalf("%q and %q are both %q", a, b, told(a))
		}
	})
}

func TestNoNameBecomesAHeaderOfItsOwn(t *testing.T) {
	p := New(Config{Upstream: &url.URL{Scheme: "http", Host: "server"}, Settings: Settings{ClientHeaders: true}})
	t.Cleanup(p.Close)
	rapid.Check(t, func(t *rapid.T) {
		subject := &pkix.Name{CommonName: rapid.String().Draw(t, "cn"), Organization: rapid.SliceOfN(rapid.String(), 0, 2).Draw(t, "o")}
		for name, values := range p.requestHeader(shown(subject)) {
			for _, value := range values {
				if vouches(name) && strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
					t.Fatalf("%s: %q", name, value)
				}
			}
		}
	})
}
