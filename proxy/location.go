package proxy

import (
	"net/url"
	"strings"
)

// location rewrites the URL with which a 451 sends a device to another server
// (MS-ASHTTP 3.1.5.2.2), for configured hosts only: passed on, an internal name
// takes the device past the proxy or nowhere; rewritten unasked, it would send
// credentials to a server that the operator never named.
func (p *Proxy) location(value string) string {
	u, err := url.Parse(value)
	if err != nil {
		return value
	}
	public, ok := p.settings.Load().LocationHosts[strings.ToLower(u.Hostname())]
	if !ok {
		return value
	}
	u.Scheme, u.Host = "https", public
	return u.String()
}
