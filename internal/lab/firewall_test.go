package lab

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// behind gives both ends of connections through a firewall.
func behind(t *testing.T, cfg FirewallConfig, test func(f *Firewall, connect func() (phone, server net.Conn))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		outside, inside := NewPipe(), NewPipe()
		cfg.Dial = inside.Dial
		f := NewFirewall(cfg)
		go f.Serve(outside)
		defer f.Close()
		test(f, func() (phone, server net.Conn) {
			phone, err := outside.Dial(context.Background(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			select {
			case server = <-inside.backlog:
			default: // refused
			}
			return phone, server
		})
	})
}

func TestAFirewallForgetsIdleConnectionsInBothDirectionsWithoutAWord(t *testing.T) {
	behind(t, FirewallConfig{Idle: 5 * time.Minute}, func(f *Firewall, connect func() (net.Conn, net.Conn)) {
		phone, server := connect()
		phone.Write([]byte("hi"))
		readAll(server, 2)
		time.Sleep(4 * time.Minute)
		server.Write([]byte("ok")) // the clock starts again
		readAll(phone, 2)
		time.Sleep(4 * time.Minute)
		phone.Write([]byte("still"))
		if got := readAll(server, 5); got != "still" {
			t.Fatalf("%q within the limit", got)
		}
		time.Sleep(5*time.Minute + 1)
		server.Write([]byte("lost"))
		phone.Write([]byte("lost"))
		for name, c := range map[string]net.Conn{"phone": phone, "server": server} {
			c.SetReadDeadline(time.Now().Add(24 * time.Hour))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s reads %v, want silence", name, err)
			}
		}
		phone.Close() // not even that is passed on
		server.SetReadDeadline(time.Now().Add(time.Hour))
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the server learned that the phone left: %v", err)
		}
		if f.Forgotten() != 1 {
			t.Errorf("%d forgotten, want 1", f.Forgotten())
		}
	})
}

func TestAFirewallPassesEverythingWhileItRemembers(t *testing.T) {
	behind(t, FirewallConfig{Idle: time.Minute}, func(f *Firewall, connect func() (net.Conn, net.Conn)) {
		phone, server := connect()
		sent := bytes.Repeat([]byte("0123456789"), 100_000)
		go func() {
			phone.Write(sent)
			phone.(*pipeConn).CloseWrite()
		}()
		if got, err := io.ReadAll(server); err != nil || !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		server.Write([]byte("answer"))
		server.Close()
		if got, err := io.ReadAll(phone); err != nil || string(got) != "answer" {
			t.Errorf("%q, %v after the half-close", got, err)
		}
		phone, server = connect()
		reset(server)
		if _, err := phone.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("RST came as %v", err)
		}
	})
}

func TestRoamingIsForgettingAllAtOnce(t *testing.T) {
	behind(t, FirewallConfig{}, func(f *Firewall, connect func() (net.Conn, net.Conn)) {
		phone, server := connect()
		time.Sleep(1000 * time.Hour) // without a limit nothing is forgotten
		f.Forget()
		phone.Write([]byte("x"))
		server.SetReadDeadline(time.Now().Add(time.Hour))
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v, want silence", err)
		}
	})
}

func TestAFullFirewallDropsItsOldestForgottenConnection(t *testing.T) {
	behind(t, FirewallConfig{Conns: 2}, func(f *Firewall, connect func() (net.Conn, net.Conn)) {
		first, _ := connect()
		connect()
		if refused, _ := connect(); readAll(refused, 1) != "" {
			t.Error("a third connection got something")
		}
		f.Forget()
		if _, server := connect(); server == nil {
			t.Fatal("no room was made")
		}
		if _, err := first.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the oldest reads %v, want EOF", err)
		}
	})
}

func TestAFirewallWorksOnRealSockets(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	f, addr, err := ListenFirewall(FirewallConfig{Address: ln.Addr().String(), Idle: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	phone, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	io.WriteString(phone, "hello")
	if got := readAll(server, 5); got != "hello" {
		t.Errorf("%q", got)
	}
}
