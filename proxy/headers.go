package proxy

import (
	"net/http"
	"net/netip"
	"net/textproto"
	"strings"
)

func table(names ...string) map[string]string {
	t := make(map[string]string, len(names))
	for _, name := range names {
		t[textproto.CanonicalMIMEHeaderKey(name)] = name
	}
	return t
}

// hopByHop are the headers that speak of one connection only, RFC 9110 7.6.1.
// Upgrade and TE are given back where they are meant.
var hopByHop = map[string]bool{
	"Connection": true, "Proxy-Connection": true, "Keep-Alive": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Http2-Settings": true, // only with Upgrade: h2c, which ends here
}

// requestHeader is the header that goes up: hop-by-hop fields gone, X-Forwarded-*
// ours, everything else as it came, in the spelling of the specifications.
func (p *Proxy) requestHeader(r *http.Request) http.Header {
	out := make(http.Header, len(r.Header)+4)
	for name, values := range r.Header {
		if !hopByHop[name] && !disguised(name) {
			out[wireName(name)] = values
		}
	}
	for _, name := range connectionOptions(r.Header["Connection"]) {
		delete(out, wireName(textproto.CanonicalMIMEHeaderKey(name)))
	}
	if len(r.TransferEncoding) > 0 {
		delete(out, "Content-Length") // both would be request smuggling, RFC 9112 6.1
	}
	if hasToken(r.Header["Te"], "trailers") {
		out["TE"] = []string{"trailers"}
	}
	if len(r.Trailer) > 0 {
		out["Trailer"] = []string{strings.Join(keys(r.Trailer), ", ")}
	}
	p.forwarded(out, r)
	return out
}

func wireName(canonical string) string {
	if name, ok := spelling[canonical]; ok {
		return name
	}
	return canonical
}

// disguised finds Content_Length and its like: CGI and PHP servers read "_" as
// "-", and would take the sender's framing or forwarding for ours.
func disguised(name string) bool {
	if !strings.Contains(name, "_") {
		return false
	}
	real := textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
	return hopByHop[real] || real == "Content-Length" || strings.HasPrefix(real, "X-Forwarded-")
}

func connectionOptions(values []string) []string {
	var names []string
	for _, v := range values {
		for _, name := range strings.Split(v, ",") {
			if name = strings.TrimSpace(name); name != "" && !strings.EqualFold(name, "close") && !strings.EqualFold(name, "keep-alive") {
				names = append(names, name)
			}
		}
	}
	return names
}

func hasToken(values []string, token string) bool {
	for _, v := range values {
		for _, t := range strings.Split(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

func keys(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	return names
}

// forwarded says who the client was. What the client itself claims is dropped
// unless its address is a listed peer: servers ban, log and trust by it.
func (p *Proxy) forwarded(out http.Header, r *http.Request) {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	client := peer.Addr().Unmap()
	trusted := contains(p.config.ForwardedFrom, client)
	if !trusted {
		delete(out, "Forwarded")
		delete(out, "X-Forwarded-Host")
		delete(out, "X-Forwarded-Proto")
		delete(out, "X-Forwarded-For")
	}
	chain := strings.Join(out["X-Forwarded-For"], ", ")
	if chain != "" {
		chain += ", "
	}
	out["X-Forwarded-For"] = []string{chain + client.String()}
	if out["X-Forwarded-Host"] == nil {
		out["X-Forwarded-Host"] = []string{r.Host}
	}
	if out["X-Forwarded-Proto"] == nil {
		out["X-Forwarded-Proto"] = []string{scheme(r)}
	}
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
