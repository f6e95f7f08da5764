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
// the upstream has accepted the credentials; "" if none can be read.
//
// u alone stays u: which domain the server would add is not known here, and two
// users of two domains must never be one.
func principal(r *http.Request, query eas.Envelope) string {
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
		return fold(tokenUser(credentials))
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return "cert:" + r.TLS.PeerCertificates[0].Subject.String()
	}
	return ""
}

func fold(user string) string {
	if domain, name, ok := strings.Cut(user, `\`); ok {
		user = name + "@" + domain
	}
	return strings.ToLower(user)
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
	for _, claim := range []string{claims.UPN, claims.Name, claims.SMTP, claims.OID, claims.Subject} {
		if claim != "" {
			return claim
		}
	}
	return ""
}

// device is the key under which a device is remembered; ok is false for one that
// must not be: no user, no id, or Android's account check ("validate").
func device(r *http.Request, query eas.Envelope) (d watch.Device, ok bool) {
	d = watch.Device{Principal: principal(r, query), ID: query.DeviceKey(), Type: query.DeviceType}
	return d, d.Principal != "" && d.ID != ""
}
