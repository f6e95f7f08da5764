package proxy

import (
	"net/http"
	"net/netip"
	"net/textproto"
	"slices"
	"strconv"
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
		// HTTP/2 may carry a Host beside :authority, and with two of them a server
		// could take the one that we did not look at.
		if !hopByHop[name] && name != "Host" && !disguised(name) && !vouches(name) {
			out[wireName(name)] = values
		}
	}
	for _, name := range connectionOptions(r.Header["Connection"]) {
		delete(out, wireName(textproto.CanonicalMIMEHeaderKey(name)))
	}
	frameLength(out, r)
	if hasToken(r.Header["Te"], "trailers") {
		out["TE"] = []string{"trailers"}
	}
	if announced := keys(clean(r.Trailer)); len(announced) > 0 {
		out["Trailer"] = []string{strings.Join(announced, ", ")}
	}
	p.forwarded(out, r)
	p.certified(out, r)
	return out
}

// frameLength says how long the body is that will be sent, not what the client's
// header says of it. A client that lists Content-Length in Connection would
// otherwise have it taken away, and its body would be read as the next request on
// a connection that others use; beside chunks it would do the same (RFC 9112 6.1).
func frameLength(out http.Header, r *http.Request) {
	_, said := out["Content-Length"]
	delete(out, "Content-Length")
	// A POST over HTTP/2 may be empty without a word; HTTP/1.1 servers answer 411.
	needed := r.ContentLength > 0 || r.ProtoMajor == 2 && r.Method == http.MethodPost
	if r.ContentLength >= 0 && (said || needed) {
		out["Content-Length"] = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
}

func wireName(canonical string) string {
	if name, ok := spelling[canonical]; ok {
		return name
	}
	return canonical
}

// disguised finds Content_Length and its like: in the variables of CGI and PHP (RFC 3875
// 4.1.18) a "_" is a "-", and lighttpd and old Apaches make one of "." and "~" as well.
// They would take the sender's framing or forwarding for ours.
func disguised(name string) bool {
	real := strings.Map(asVariable, name)
	if real == name {
		return false
	}
	real = textproto.CanonicalMIMEHeaderKey(real)
	return hopByHop[real] || real == "Content-Length" || strings.HasPrefix(real, "X-Forwarded-")
}

// asVariable is what is left of a character in the name of such a variable, with "-" for
// the "_" there.
func asVariable(c rune) rune {
	if '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
		return c
	}
	return '-'
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
	// A zone (fe80::1%eth0) is a name on this machine only, and no prefix holds it.
	client := peer.Addr().Unmap().WithZone("")
	trusted := contains(p.settings.Load().ForwardedFrom, client)
	if !trusted {
		delete(out, "Forwarded")
		delete(out, "X-Forwarded-Host")
		delete(out, "X-Forwarded-Proto")
		delete(out, "X-Forwarded-For")
	}
	if client.IsValid() {
		chain := append(slices.Clip(out["X-Forwarded-For"]), client.String())
		out["X-Forwarded-For"] = []string{strings.Join(chain, ", ")}
	}
	if out["X-Forwarded-Host"] == nil && r.Host != "" {
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
