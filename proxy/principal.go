package proxy

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// principal is the user whom the request claims to be, one spelling for each:
// DOMAIN\u and u@domain are u@domain, case is folded. Nothing is believed before
// the upstream has accepted the credentials; "" if none can be read. What is no
// user name (the subject of a token or of a certificate) is marked as such, or a
// token's subject "admin" would be the user admin.
//
// u alone stays u: which domain the server would add is not known here, and two
// users of two domains must never be one.
func principal(r *http.Request) string {
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(scheme, "Basic"):
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(credentials))
		if err != nil {
			return ""
		}
		user, _, _ := strings.Cut(string(raw), ":") // RFC 7617 2: a user name has no colon
		return fold(user)
	case strings.EqualFold(scheme, "Bearer"):
		return tokenUser(strings.TrimSpace(credentials))
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return "cert:" + r.TLS.PeerCertificates[0].Subject.String()
	}
	return ""
}

// fold lowers ASCII letters only. Outlook sends Latin-1, where strings.ToLower
// makes one and the same character of "\xe4" and "\xfc": two users would be one.
func fold(user string) string {
	if domain, name, ok := strings.Cut(user, `\`); ok {
		user = name
		if domain != "" {
			user += "@" + domain
		}
	}
	return lowered(user)
}

// lowered has ASCII letters in lower case, and no others: it is as long as text is.
func lowered(text string) string {
	low := []byte(text)
	for i, c := range low {
		if 'A' <= c && c <= 'Z' {
			low[i] = c + 'a' - 'A'
		}
	}
	return string(low)
}

// tokenUser reads the user from a JWT's claims, without checking the signature:
// that is the server's business, and its acceptance is what makes the claim true.
// Tokens rotate, so the token itself cannot be the key of a device.
func tokenUser(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return ""
	}
	var claims struct {
		UPN     string `json:"upn"`
		Name    string `json:"preferred_username"`
		SMTP    string `json:"smtp"`
		OID     string `json:"oid"`
		Subject string `json:"sub"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	for _, name := range []string{claims.UPN, claims.Name, claims.SMTP} {
		if name != "" {
			return fold(name)
		}
	}
	switch {
	case claims.OID != "":
		return "oid:" + claims.OID
	case claims.Subject != "":
		return "sub:" + claims.Subject
	}
	return ""
}

// maxName bounds a user and a device type that are remembered, in bytes. Both are
// the client's choice and may be as long as a header or a query can be.
const maxName = 256

// device is the key under which a device is remembered; ok is false for one that
// must not be: no user, no id, Android's account check ("validate"), or names so
// long that they serve no device.
func device(r *http.Request, query eas.Envelope) (d watch.Device, ok bool) {
	d = watch.Device{Principal: principal(r), ID: query.DeviceKey(), Type: query.DeviceType}
	return d, d.Principal != "" && d.ID != "" && len(d.Principal) <= maxName && len(d.Type) <= maxName
}
