package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// address takes HOST:PORT to listen on. An empty host means all of them, port 0
// any free port.
var address = addressOf(`write HOST:PORT, for example ":443" or "[::1]:8443"`)

// hookAddress is where somebody's word about changes is awaited.
var hookAddress = addressOf("write HOST:PORT, for example 127.0.0.1:9181")

func addressOf(want string) codec[string] {
	return codec[string]{
		read: func(n node) (string, error) { return readAddress(n, want) },
		show: quoted,
	}
}

// imapAddress is where a server is: nothing can be left to chance there.
var imapAddress = codec[string]{
	read: func(n node) (string, error) {
		const want = "write HOST:PORT of the mail store, for example imap.internal:993"
		text, err := readAddress(n, want)
		if err != nil {
			return "", err
		}
		switch host, port, _ := net.SplitHostPort(text); {
		case host == "":
			return "", n.fault("no host", want)
		case strings.Trim(port, "0") == "":
			return "", n.fault("port 0 is no port to connect to", want)
		}
		return text, nil
	},
	show: quoted,
}

// adminAddress is an address that may also be none at all.
var adminAddress = codec[string]{
	read: func(n node) (string, error) {
		if n.kind == text && (n.text == "" || n.text == "off") {
			return "", nil
		}
		return readAddress(n, "write HOST:PORT, for example 127.0.0.1:9180, or off for no admin listener")
	},
	show: func(s string) string {
		if s == "" {
			return "off"
		}
		return quoted(s)
	},
}

func readAddress(n node, want string) (string, error) {
	if err := n.expect(text, want); err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(n.text)
	switch {
	case n.text == "":
		return "", n.fault("empty", want)
	case err != nil:
		return "", n.fault("not HOST:PORT", want)
	case host != "" && !isHost(host):
		return "", n.fault("the host is neither an IP address nor a name", want)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", n.fault("the port is not a number from 0 to 65535", want)
	}
	return n.text, nil
}

// onlyHere says whether a listener at this address can be reached from this
// machine alone. A name other than localhost may be anything.
func onlyHere(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// prefixes takes networks; a single address is the network of one.
var prefixes = listOf(codec[netip.Prefix]{read: readPrefix, show: func(p netip.Prefix) string { return quoted(p.String()) }}, wantPrefixes)

const (
	wantPrefixes = "write a list of networks or addresses, for example [10.0.0.0/8, 192.0.2.7]"
	wantPrefix   = "write a network or an address, for example 10.0.0.0/8 or 192.0.2.7"
)

func readPrefix(n node) (netip.Prefix, error) {
	if err := n.expect(text, wantPrefix); err != nil {
		return netip.Prefix{}, err
	}
	if ip, err := netip.ParseAddr(n.text); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(n.text)
	if err != nil {
		return netip.Prefix{}, n.fault("not a network", wantPrefix)
	}
	if p != p.Masked() {
		// 10.0.0.7/8 is a slip in the address or in the length. One of them would trust far too much.
		return netip.Prefix{}, n.fault("has address bits beyond its length", "write "+p.Masked().String()+" for the network, or "+p.Addr().String()+" for the one address")
	}
	return p, nil
}
