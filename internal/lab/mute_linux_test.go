package lab

import (
	"net"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// sent is what the kernel says of what was written to a connection.
func sent(t *testing.T, c net.Conn) (unacknowledged int, retransmits uint32) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		info, failed := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if failed != nil {
			t.Error(failed)
			return
		}
		retransmits = info.Total_retrans
		if unacknowledged, failed = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); failed != nil {
			t.Error(failed)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return unacknowledged, retransmits
}

// through is a phone's connection through a firewall, and its other end.
func through(t *testing.T, cfg FirewallConfig) (wall *Firewall, phone, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	cfg.Address = ln.Addr().String()
	wall, door, err := ListenFirewall(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(wall.Close)
	if phone, err = net.Dial("tcp", door.String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { phone.Close(); server.Close() })
	return wall, phone, server
}

func passes(t *testing.T, from, to net.Conn) {
	t.Helper()
	if _, err := from.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	if _, err := to.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAMuteFirewallHasForgottenIsSentAgainAndNeverAcknowledged(t *testing.T) {
	wall, phone, server := through(t, FirewallConfig{Mute: true})
	passes(t, phone, server)
	passes(t, server, phone)
	wall.Forget()
	const answer = "into the void"
	if _, err := server.Write([]byte(answer)); err != nil {
		t.Fatal(err)
	}
	for retransmits := uint32(0); retransmits < 2; runtime.Gosched() {
		left, again := sent(t, server)
		if left != len(answer) {
			t.Fatalf("%d of %d bytes wait for their acknowledgement", left, len(answer))
		}
		retransmits = again
	}
}

func TestAFirewallThatIsNotMuteAcknowledgesWhatItThrowsAway(t *testing.T) {
	wall, phone, server := through(t, FirewallConfig{})
	passes(t, phone, server)
	wall.Forget()
	if _, err := server.Write([]byte("into the void")); err != nil {
		t.Fatal(err)
	}
	for left := 1; left > 0; runtime.Gosched() {
		left, _ = sent(t, server)
	}
}
