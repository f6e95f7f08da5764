package config

import "strings"

const wantNames = "write a list of host names without scheme and port, for example [push.example.com]"

// hostNames takes names as a Host header has them, without a port.
var hostNames = listOf(codec[string]{
	read: func(n node) (string, error) {
		if err := n.expect(text, wantNames); err != nil {
			return "", err
		}
		if !isHost(n.text) {
			return "", n.fault("not a host name", wantNames)
		}
		return strings.ToLower(n.text), nil // names compare without case (RFC 4343)
	},
	show: quoted,
}, wantNames)
