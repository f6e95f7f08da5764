package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// onlyWith asks every request for the bearer token (RFC 6750 2.1), if there is
// one, or a client's certificate, if any is taken. The health paths are no exception:
// the reason in /readyz names servers.
func onlyWith(token string, certified bool, next http.Handler) http.Handler {
	if token == "" && !certified {
		return next
	}
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case certified && proven(r):
			next.ServeHTTP(w, r)
			return
		case token == "": // an empty one must not be right
			sayUncertified(w, r)
			return
		}
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(given)))
		// Digests, because the comparison of two texts tells their lengths apart by its time.
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", `Bearer realm="diastole admin"`)
			sayUnauthorized(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// shielded keeps browsers from guessing types, framing the pages, running
// anything in them and keeping them.
func shielded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// sayUnauthorized says so in the form of what was asked for.
func sayUnauthorized(w http.ResponseWriter, r *http.Request) {
	const detail, remedy = "the bearer token of admin.token_file is needed", "Authorization: Bearer TOKEN"
	if strings.HasPrefix(r.URL.Path, "/api/") {
		sayProblem(w, http.StatusUnauthorized, detail, "send the header "+remedy)
		return
	}
	say(w, http.StatusUnauthorized, detail+": "+remedy+"\n")
}
