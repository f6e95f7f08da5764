//go:build linux

package netns_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/diastole/diastole/test/netns"
)

const limit = 2 * time.Second

// pair is a connection through the firewall, seen from both ends.
func pair(t *testing.T, w *netns.World) (phone, server net.Conn) {
	t.Helper()
	listener, err := w.Server.Listen(netns.ServerAddress + ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	phone, err = w.Phones.Dial(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { phone.Close(); server.Close() })
	return phone, server
}

// arrives says whether a byte from one end comes out at the other soon.
func arrives(t *testing.T, from, to net.Conn) error {
	t.Helper()
	if _, err := from.Write([]byte{'x'}); err != nil {
		return err
	}
	_ = to.SetReadDeadline(time.Now().Add(time.Second))
	_, err := io.ReadFull(to, make([]byte, 1))
	return err
}

func TestTheFirewallForgetsASilentConnectionAndKeepsAnActiveOne(t *testing.T) {
	t.Parallel()
	w := netns.New(t, limit)
	silent, toSilent := pair(t, w)
	active, toActive := pair(t, w)
	for range 4 {
		time.Sleep(limit / 2)
		if err := arrives(t, active, toActive); err != nil {
			t.Fatalf("a connection that speaks every %v: %v", limit/2, err)
		}
	}
	if err := arrives(t, toSilent, silent); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after %v a byte to the phone: %v, want nothing at all", 2*limit, err)
	}
	if err := arrives(t, silent, toSilent); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after %v a byte from the phone: %v, want nothing at all", 2*limit, err)
	}
}

func TestTheFirewallRefusesWhatItForgotWhenAsked(t *testing.T) {
	t.Parallel()
	w := netns.New(t, 0)
	w.Refuse(t)
	phone, server := pair(t, w)
	if err := arrives(t, server, phone); err != nil {
		t.Fatal(err)
	}
	w.Forget(t)
	if err := arrives(t, phone, server); err == nil {
		t.Error("a byte passed a firewall that was restarted")
	}
	_ = phone.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := phone.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the phone saw %v, want a reset", err)
	}
}

func TestACutAndMendedPathCarriesWhatWasWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	w := netns.New(t, 0)
	phone, server := pair(t, w)
	w.Cut(t)
	if err := arrives(t, server, phone); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("through a cut path: %v", err)
	}
	w.Mend(t)
	_ = phone.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(phone, make([]byte, 1)); err != nil {
		t.Errorf("after the path was mended: %v", err)
	}
}

func TestTheLimitCanBeChangedAtAnyTime(t *testing.T) {
	t.Parallel()
	w := netns.New(t, time.Hour)
	phone, server := pair(t, w)
	w.SetIdle(t, time.Second)
	if err := arrives(t, server, phone); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	if err := arrives(t, server, phone); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the limit was lowered: %v", err)
	}
}

func TestALostConnectionIsHalfOpenAndItsPhoneReachesTheServerFromAbroad(t *testing.T) {
	t.Parallel()
	w := netns.New(t, 0)
	lost, toLost := pair(t, w)
	other, toOther := pair(t, w)
	w.Lose(t, lost.LocalAddr().(*net.TCPAddr).AddrPort())
	if err := arrives(t, other, toOther); err != nil {
		t.Errorf("another connection of the same phone: %v", err)
	}
	lost.Close()
	_ = toLost.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := toLost.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server hears of the end: %v", err)
	}
	if n := w.SaidInVain(t); n != 0 {
		t.Errorf("the server said nothing, and %d packets are counted", n)
	}
	if _, err := toLost.Write([]byte{'x'}); err != nil || w.SaidInVain(t) == 0 {
		t.Errorf("a byte to the lost phone: %v, %d packets", err, w.SaidInVain(t))
	}
	listener, err := w.Server.Listen(netns.ServerAddress + ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	abroad, err := w.Phones.DialFrom(t.Context(), netip.MustParseAddr(netns.PhoneAbroad), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer abroad.Close()
}

func TestWorldsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	one, other := netns.New(t, 0), netns.New(t, 0)
	listener, err := one.Server.Listen(netns.ServerAddress + ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if conn, err := other.Phones.Dial(t.Context(), "tcp", listener.Addr().String()); err == nil {
		conn.Close()
		t.Error("a phone of one world reached the server of another")
	}
}
