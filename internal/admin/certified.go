package admin

import (
	"crypto/tls"
	"net/http"
	"strings"
)

// certified tells whether a client's certificate opens the door.
func (c *Config) certified() bool { return c.TLS != nil && c.TLS.ClientCAs != nil }

// secured is TLS for the server, which adds to it; nil is plain HTTP.
func (c *Config) secured() *tls.Config {
	if c.TLS == nil {
		return nil
	}
	secured := c.TLS.Clone()
	if c.certified() {
		// Whoever has none may have the token; and a browser that is only refused in the
		// handshake cannot say what it lacks.
		secured.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return secured
}

// proven tells whether a request came with a certificate that was held against ClientCAs.
func proven(r *http.Request) bool { return r.TLS != nil && len(r.TLS.VerifiedChains) > 0 }

// sayUncertified says so in the form of what was asked for. It is no 401: there is no
// token that would help (RFC 9110 15.5.4).
func sayUncertified(w http.ResponseWriter, r *http.Request) {
	const detail, remedy = "a client certificate of admin.tls.client_ca is needed", "put it into the browser, or send it with curl --cert FILE --key FILE"
	if strings.HasPrefix(r.URL.Path, "/api/") {
		sayProblem(w, http.StatusForbidden, detail, remedy)
		return
	}
	say(w, http.StatusForbidden, detail+": "+remedy+"\n")
}
