package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/diastole/diastole/wbxml/eas"
)

func from(authorization ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header["Authorization"] = authorization
	return r
}

func TestPrincipalIsTheUserInOneSpelling(t *testing.T) {
	for user, want := range map[string]string{
		"anna": "anna", "Anna": "anna", "ANNA@Example.Test": "anna@example.test", `EXAMPLE\Anna`: "anna@example", `example\anna@x`: "anna@x@example",
		`\anna`: "anna", `a\b\c`: `b\c@a`, "": "", " anna": " anna", "anna:": "anna",
		// Latin-1, as Outlook sends it, and UTF-8: bytes, not letters.
		"j\xfcrgen": "j\xfcrgen", "J\xdcRGEN": "j\xdcrgen", "JÜRGEN": "jÜrgen", "Kelvin": "kelvin", "\u212aelvin": "\u212aelvin",
	} {
		for _, scheme := range []string{"Basic ", "basic ", "BASIC   "} {
			if got := principal(from(scheme + base64.StdEncoding.EncodeToString([]byte(user+":se:cret")))); got != want {
				t.Errorf("%q is %q, want %q", user, got, want)
			}
		}
	}
}

func TestTwoUsersAreNeverOnePrincipal(t *testing.T) {
	seen := map[string]string{}
	for _, authorization := range []string{
		basic("j\xe4n", "x"), basic("j\xf6n", "x"), basic("jän", "x"), basic("anna", "x"), basic(`EXAMPLE\anna`, "x"), basic("anna@example.test", "x"),
		basic("k", "x"), basic("\u212a", "x"), basic("s", "x"), basic("\u017f", "x"),
		bearer(`{"sub":"k"}`), bearer(`{"oid":"k"}`), bearer(`{"sub":"oid:k"}`), bearer(`{"sub":"K"}`), bearer(`{"sub":"anna@example.test"}`),
	} {
		p := principal(from(authorization))
		if other, ok := seen[p]; ok || p == "" {
			t.Errorf("%s and %s are both %q", authorization, other, p)
		}
		seen[p] = authorization
	}
}

func bearer(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return "Bearer " + part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(claims)) + "." + part([]byte("signature"))
}

func TestPrincipalOfAToken(t *testing.T) {
	for claims, want := range map[string]string{
		`{"upn":"Anna@Example.test","sub":"abc"}`:    "anna@example.test",
		`{"preferred_username":"anna@x","oid":"1"}`:  "anna@x",
		`{"smtp":"anna@x"}`:                          "anna@x",
		`{"oid":"Ab-1","sub":"x"}`:                   "oid:Ab-1",
		`{"sub":"AbC"}`:                              "sub:AbC",
		`{"upn":"","preferred_username":"","sub":1}`: "",
		`{"upn":["anna"]}`:                           "",
		`{}`:                                         "",
		`[]`:                                         "",
		`not JSON`:                                   "",
		strings.Repeat(`{"a":`, 20_000):              "",
	} {
		if got := principal(from(bearer(claims))); got != want {
			t.Errorf("%.60s is %q, want %q", claims, got, want)
		}
	}
	padded := "Bearer e30=." + base64.URLEncoding.EncodeToString([]byte(`{"upn":"anna"}`)) + ".e30="
	if got := principal(from(padded)); got != "anna" {
		t.Errorf("a padded token is %q's", got)
	}
}

func TestPrincipalOfWhatCannotBeReadIsNobody(t *testing.T) {
	for _, authorization := range []string{
		"", "Basic", "Basic ", "Basic ====", "Basic !!!", "Basic YW5uYQ", "Bearer", "Bearer a.b", "Bearer a.b.c.d", "Bearer a.!!.c", "Digest username=\"anna\"",
		"NTLM TlRMTVNTUAAB", "Negotiate YII=", "Basic\x00YW5uYQ==",
	} {
		if got := principal(from(authorization)); got != "" {
			t.Errorf("%q is %q", authorization, got)
		}
	}
	if got := principal(from()); got != "" {
		t.Errorf("without the header it is %q", got)
	}
}

func TestPrincipalOfACertificate(t *testing.T) {
	r := from()
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Subject: pkix.Name{CommonName: "anna"}}}}
	if got := principal(r); got != "cert:CN=anna" {
		t.Errorf("it is %q", got)
	}
	r.Header.Set("Authorization", basic("bob", "x"))
	if got := principal(r); got != "bob" {
		t.Errorf("with credentials it is %q: the server goes by those", got)
	}
}

func TestDeviceThatMustNotBeRemembered(t *testing.T) {
	long := strings.Repeat("x", maxName+1)
	for name, c := range map[string]struct {
		authorization string
		query         eas.Envelope
		ok            bool
	}{
		"a device":            {basic("anna", "x"), eas.Envelope{DeviceID: "d", DeviceType: "t"}, true},
		"without a type":      {basic("anna", "x"), eas.Envelope{DeviceID: "d"}, true},
		"as long as may be":   {basic(long[1:], "x"), eas.Envelope{DeviceID: "d", DeviceType: long[1:]}, true},
		"without a user":      {"", eas.Envelope{DeviceID: "d", User: "anna"}, false},
		"with an empty user":  {basic("", "x"), eas.Envelope{DeviceID: "d"}, false},
		"without an id":       {basic("anna", "x"), eas.Envelope{}, false},
		"validate":            {basic("anna", "x"), eas.Envelope{DeviceID: "vaLidate"}, false},
		"a user without end":  {basic(long, "x"), eas.Envelope{DeviceID: "d"}, false},
		"a type without end":  {basic("anna", "x"), eas.Envelope{DeviceID: "d", DeviceType: long}, false},
		"an id without end":   {basic("anna", "x"), eas.Envelope{DeviceID: long}, false},
		"a token without end": {bearer(`{"sub":"` + long + `"}`), eas.Envelope{DeviceID: "d"}, false},
	} {
		if d, ok := device(from(c.authorization), c.query); ok != c.ok {
			t.Errorf("%s: %v, want %v: %+v", name, ok, c.ok, d)
		}
	}
}
