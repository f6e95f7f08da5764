package heartbeat

import "net/netip"

// Network is what lies between devices and us and is believed to have one idle
// limit. HTTP versions are apart: their connections are kept alive differently.
type Network struct {
	Name string // as configured, or the prefix's text: "198.51.100.0/24"
	HTTP uint8  // 1 or 2
}

// NetworkOf gives the network of an address: the configured name if there is one,
// otherwise its /24 (IPv4) or /48 (IPv6), "unknown" without an address.
func NetworkOf(addr netip.Addr, name string, http2 bool) Network {
	n := Network{name, 1}
	if http2 {
		n.HTTP = 2
	}
	if n.Name == "" {
		n.Name = prefix(addr.Unmap().WithZone(""))
	}
	return n
}

func prefix(addr netip.Addr) string {
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	p, err := addr.Prefix(bits)
	if err != nil || !p.IsValid() {
		return "unknown"
	}
	return p.String()
}
