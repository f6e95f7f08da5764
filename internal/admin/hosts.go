package admin

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// named refuses requests for another host, on an address of this machine only. A page
// of any site can make its own name point there (DNS rebinding), and is then of the same
// origin as we are: without a token it could read all that is here, and forget users.
// Off loopback the token stands in its way.
func named(listen net.Addr, hosts []string, next http.Handler) http.Handler {
	if !onLoopback(listen) {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isOurs(r.Host, hosts) {
			sayProblem(w, http.StatusMisdirectedRequest, "this is not "+r.Host,
				"ask for localhost or 127.0.0.1; a name under which a proxy in front comes in belongs into admin.hosts")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// onLoopback tells whether only this machine reaches an address.
func onLoopback(listen net.Addr) bool {
	address, err := netip.ParseAddrPort(listen.String())
	return err == nil && address.Addr().Unmap().IsLoopback()
}

// isOurs tells whether a Host is of this machine: no browser sends a request without
// one, and probes by HTTP/1.0 have none.
func isOurs(host string, hosts []string) bool {
	if host == "" {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	// RFC 6761 6.3: browsers take these for loopback without asking anybody.
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(hosts, host)
}

// sameSite refuses what a browser asks for a page of another site (Fetch Metadata). It
// could not read the answer, but take all seats of those who listen or scrape, and a
// client certificate is sent along unasked. A link that somebody follows is another
// thing, but none leads into the API.
func sameSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		followed := r.Header.Get("Sec-Fetch-Dest") == "document" && !strings.HasPrefix(r.URL.Path, "/api/")
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "same-origin", "none":
			next.ServeHTTP(w, r)
		default:
			if followed {
				next.ServeHTTP(w, r)
				return
			}
			sayProblem(w, http.StatusForbidden, "a page of another site asks for this", "open it by its own address")
		}
	})
}
