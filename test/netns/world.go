//go:build linux

package netns

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// Where everybody lives. Each world has its own namespaces, so that all can use
// the same addresses.
const (
	PhoneAddress  = "10.91.1.2"
	PhoneAbroad   = "10.91.3.2" // the same phones in another network
	ServerAddress = "10.91.2.2"
	phoneGateway  = "10.91.1.1"
	abroadGateway = "10.91.3.1"
	serverGateway = "10.91.2.1"
)

// A World is phones, a server, and the firewall between them.
type World struct {
	Phones, Server *Space
	firewall       *Space
}

// New makes a world whose firewall forgets what was silent for idle (whole
// seconds; 0 leaves the kernel's five days). It is gone when the test is over.
func New(t testing.TB, idle time.Duration) *World {
	t.Helper()
	Need(t)
	w := &World{}
	for _, s := range []**Space{&w.Phones, &w.Server, &w.firewall} {
		space, err := NewSpace()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = space.Close() })
		*s = space
	}
	if err := w.build(); err != nil {
		t.Fatal(err)
	}
	if idle > 0 {
		w.SetIdle(t, idle)
	}
	return w
}

// build lays the cables and puts the firewall to work.
func (w *World) build() error {
	if err := w.cable(w.Phones, "phones", PhoneAddress, phoneGateway); err != nil {
		return err
	}
	if err := w.cable(w.Server, "server", ServerAddress, serverGateway); err != nil {
		return err
	}
	if err := w.abroad(); err != nil {
		return err
	}
	if err := w.firewall.Set("net/ipv4/ip_forward", "1"); err != nil {
		return err
	}
	if err := w.rules(usual); err != nil {
		return err
	}
	// With the kernel's default a packet from the middle of a forgotten
	// connection would make it known again.
	return w.firewall.Set("net/netfilter/nf_conntrack_tcp_loose", "0")
}

// cable connects a space to the firewall.
func (w *World) cable(s *Space, name, address, gateway string) error {
	steps := []struct {
		space *Space
		args  []string
	}{
		{s, []string{"link", "add", "eth0", "type", "veth", "peer", "name", name, "netns", w.firewall.path()}},
		{s, []string{"address", "add", address + "/24", "dev", "eth0"}},
		{s, []string{"link", "set", "eth0", "up"}},
		{w.firewall, []string{"address", "add", gateway + "/24", "dev", name}},
		{w.firewall, []string{"link", "set", name, "up"}},
		{s, []string{"route", "add", "default", "via", gateway}},
	}
	for _, step := range steps {
		if err := step.space.Run("ip", step.args...); err != nil {
			return fmt.Errorf("cable of the %s: %w", name, err)
		}
	}
	return nil
}

// abroad gives the phones' cable its second network.
func (w *World) abroad() error {
	if err := w.firewall.Run("ip", "address", "add", abroadGateway+"/24", "dev", "phones"); err != nil {
		return err
	}
	return w.Phones.Run("ip", "address", "add", PhoneAbroad+"/24", "dev", "eth0")
}

// The firewall's rules. A connection begins with a SYN and is known from then
// on; what is not known is dropped without a word, or refused.
const (
	known   = "ct state established accept; ct state new tcp flags & (fin | syn | rst | ack) == syn accept;"
	usual   = known + " drop;"
	refuses = known + " meta l4proto tcp reject with tcp reset; drop;"
	closed  = "ct state established drop; drop;" // without a word on ct the kernel stops tracking
)

func (w *World) rules(verdicts string) error {
	const table = "table ip world\nflush table ip world\ntable ip world { chain forward {\n type filter hook forward priority 0; %s\n}\n}\n"
	return w.firewall.feed(fmt.Sprintf(table, verdicts), "nft", "-f", "-")
}

// SetIdle changes after how many whole seconds the firewall forgets: for each
// connection from its next packet on.
func (w *World) SetIdle(t testing.TB, idle time.Duration) {
	t.Helper()
	seconds := strconv.Itoa(int(idle.Seconds()))
	if err := w.firewall.Set("net/netfilter/nf_conntrack_tcp_timeout_established", seconds); err != nil {
		t.Fatal(err)
	}
}

// Refuse makes the firewall answer what it does not know with a reset to whoever
// sent it, instead of dropping it.
func (w *World) Refuse(t testing.TB) { w.change(t, refuses) }

// Cut drops every packet until Mend: a tunnel, a lift.
func (w *World) Cut(t testing.TB) { w.change(t, closed) }

// Mend goes back to the usual rules; what the firewall knew it still knows.
func (w *World) Mend(t testing.TB) { w.change(t, usual) }

func (w *World) change(t testing.TB, verdicts string) {
	t.Helper()
	if err := w.rules(verdicts); err != nil {
		t.Fatal(err)
	}
}

// Forget empties the firewall's memory at once, as a restart does.
func (w *World) Forget(t testing.TB) {
	t.Helper()
	if err := w.firewall.Run("conntrack", "--flush"); err != nil {
		t.Fatal(err)
	}
}
