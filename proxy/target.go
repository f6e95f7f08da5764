package proxy

import (
	"net/http"
	"strings"
)

// target is the request target, byte for byte, below the upstream's own path.
func (p *Proxy) target(r *http.Request) string {
	raw := ownTarget(r)
	if raw == "*" { // the server as a whole, not a path of it (RFC 9112 3.2.4)
		return raw
	}
	return strings.TrimSuffix(p.config.Upstream.EscapedPath(), "/") + raw
}

// ownTarget is the target as the client wrote it; only an absolute form loses its
// scheme and host (RFC 9112 3.2.2).
func ownTarget(r *http.Request) string {
	raw := r.RequestURI
	if raw == "*" || strings.HasPrefix(raw, "/") {
		return raw
	}
	return r.URL.RequestURI()
}

// host is the Host that goes up. HTTP/1.0 knows none, and an empty one is a bad
// request to Apache and IIS.
func (p *Proxy) host(r *http.Request) string {
	if r.Host == "" {
		return p.config.Upstream.Host
	}
	return r.Host
}

// hasOneReading reports whether everybody reads the first line of a request and
// its host alike. net/http lets three kinds through where that is not so:
//
//   - "GET a:http://b/ HTTP/1.1": the target without its scheme is no path;
//   - method, path and host of HTTP/2, which are free text there; in HTTP/1 a
//     space ends each of them;
//   - the preface of HTTP/2 on a connection that speaks HTTP/1.
func hasOneReading(r *http.Request) bool {
	target := ownTarget(r)
	return r.URL.Opaque == "" && (target == "*" || strings.HasPrefix(target, "/")) && !strings.ContainsFunc(target, isBlank) &&
		!strings.ContainsFunc(r.Method, isNoToken) && r.Method != "PRI" &&
		!strings.ContainsFunc(r.Host, isNoHost)
}

func isBlank(c rune) bool { return c <= ' ' || c == 0x7f }

func isNoToken(c rune) bool {
	return isBlank(c) || c > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c)
}

func isNoHost(c rune) bool { return isBlank(c) || strings.ContainsRune(`/\?#"<>`, c) }
