package proxy

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// vouched begin the names under which proxies tell servers of a client's certificate:
// RFC 9440, nginx and HAProxy, Apache, Envoy, Traefik, IIS, Amazon. A server that is set up
// to believe one of them lets in whoever sends it. So none of a client's own goes up,
// not from trusted peers either: the certificate that counts is the one that was
// shown to us.
var vouched = []string{
	"client-cert", "x-client-cert", "x-ssl", "ssl-client", "x-forwarded-client-cert", "x-forwarded-tls-client-cert",
	"x-arr-clientcert", "x-amzn-mtls",
}

// vouches says whether a header's name is one of those, also in the disguise that CGI
// and PHP servers do not see through: "_" and the like for "-".
func vouches(name string) bool {
	for _, begin := range vouched {
		if len(name) >= len(begin) && sameWord(name[:len(begin)], begin) {
			return true
		}
	}
	return false
}

// sameWord compares without case, as variables are compared. lower is in lower case.
func sameWord(name, lower string) bool {
	for i := range len(lower) {
		c := byte(asVariable(rune(name[i])))
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// certified tells the server whom the client has proved to be, where it is to be told.
// The certificate was verified in the handshake, or there would be none.
func (p *Proxy) certified(out http.Header, r *http.Request) {
	if !p.settings.Load().ClientHeaders {
		return
	}
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		out["X-SSL-Client-Verify"] = []string{"NONE"} // as nginx has it
		return
	}
	leaf := r.TLS.PeerCertificates[0]
	out["X-SSL-Client-Verify"] = []string{"SUCCESS"}
	out["X-SSL-Client-S-DN"] = []string{printable(leaf.Subject.String())}
	out["X-SSL-Client-S-DN-CN"] = []string{alone(leaf.Subject.CommonName)}
	out["X-SSL-Client-I-DN"] = []string{printable(leaf.Issuer.String())}
	out["X-SSL-Client-Serial"] = []string{serial(leaf)}
	out["Client-Cert"] = []string{":" + base64.StdEncoding.EncodeToString(leaf.Raw) + ":"} // RFC 9440 2.2
}

// serial is as openssl and nginx write it: whole bytes, capital letters.
func serial(leaf *x509.Certificate) string {
	if leaf.SerialNumber.Sign() == 0 {
		return "00"
	}
	return fmt.Sprintf("%X", leaf.SerialNumber.Bytes())
}

// alone writes a name that stands for itself, and by which servers let people in: no two
// names may be one there. A name of RFC 4514 has its own "\" and blanks at its ends marked.
func alone(name string) string {
	rest := strings.TrimLeft(name, " ") // a server takes them off a header (RFC 9110 5.5)
	core := strings.TrimRight(rest, " ")
	before, after := len(name)-len(rest), len(rest)-len(core)
	return strings.Repeat(`\20`, before) + printable(strings.ReplaceAll(core, `\`, `\5C`)) + strings.Repeat(`\20`, after)
}

// printable writes what is not printable ASCII as \XX, as openssl does in RFC 4514's form:
// a name with a line end in it must not become a header of its own.
func printable(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; c < ' ' || c > '~' {
			fmt.Fprintf(&b, `\%02X`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
