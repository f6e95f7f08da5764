package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	wantURL   = "write the server's address, for example https://exchange.internal"
	wantHosts = "write INTERNAL: PUBLIC, for example {exch01.internal: mail.example.com}"
)

// serverURL takes where the ActiveSync server is: http or https, a host, perhaps
// a port and a path in front of everything.
var serverURL = codec[*url.URL]{
	read: func(n node) (*url.URL, error) {
		u, err := readURL(n, wantURL)
		if err != nil {
			return nil, err
		}
		return trimmed(u), nil
	},
	show: showURL,
}

func showURL(u *url.URL) string {
	if u == nil {
		return quoted("")
	}
	return quoted(u.String())
}

// readURL takes scheme, host, perhaps a port and a path, and nothing else.
func readURL(n node, want string) (*url.URL, error) {
	if err := n.expect(text, want); err != nil {
		return nil, err
	}
	u, err := url.Parse(n.text)
	switch {
	case n.text == "":
		return nil, n.fault("empty", want)
	case err != nil && strings.Contains(n.text, "://"):
		return nil, n.fault("not a URL", want)
	case err != nil, u.Scheme == "", u.Opaque != "", u.Scheme != "http" && u.Scheme != "https" && u.Host == "":
		return nil, n.fault("no http:// or https:// in front", want)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, n.fault("neither http nor https", want)
	case u.User != nil:
		// The proxy passes each phone's own credentials on. One for all would open every mailbox to everyone.
		return nil, n.fault("credentials in the address", "remove them: each phone's own go to the server")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(n.text, "#"):
		return nil, n.fault("more than scheme, host and path", "remove everything from the ? or # on")
	case !isHost(u.Hostname()):
		return nil, n.fault("no usable host", want)
	case !isPort(u):
		return nil, n.fault("the port is not a number from 1 to 65535", want)
	case slices.Contains(strings.Split(u.Path, "/"), ".."):
		return nil, n.fault("a path with .. in it", want)
	}
	return u, nil
}

// isPort says whether the URL has a port that can be dialled, or none.
func isPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}

// trimmed takes the slashes off the end: prefix and path are joined later, and
// two slashes there are another path to many servers.
func trimmed(u *url.URL) *url.URL {
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u
}

// isHost says whether text is an IP address or looks like a DNS name. It is
// generous with underscores, which internal names do have.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if s == "" || len(s) > 253 || strings.HasPrefix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	})
}

// hostMap takes pairs of host names, each without scheme, port and path.
var hostMap = codec[map[string]string]{read: readHostMap, show: showHostMap}

func readHostMap(n node) (map[string]string, error) {
	if err := n.expect(section, wantHosts); err != nil {
		return nil, err
	}
	hosts := make(map[string]string, len(n.entries))
	for _, e := range n.entries {
		if !isHost(e.name.text) {
			return nil, e.name.fault("the internal side is not a host name", wantHosts)
		}
		if err := e.value.expect(text, wantHosts); err != nil {
			return nil, err
		}
		if !isHost(e.value.text) {
			return nil, e.value.fault("the public side is not a host name", wantHosts)
		}
		// Names compare without case (RFC 4343), so they are kept in one.
		hosts[strings.ToLower(e.name.text)] = strings.ToLower(e.value.text)
	}
	return hosts, nil
}

func showHostMap(hosts map[string]string) string {
	pairs := make([]string, 0, len(hosts))
	for internal, public := range hosts {
		pairs = append(pairs, quoted(internal)+": "+quoted(public))
	}
	slices.Sort(pairs)
	return "{" + strings.Join(pairs, ", ") + "}"
}
