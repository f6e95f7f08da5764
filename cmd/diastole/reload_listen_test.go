package main

import (
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestANewAddressDrainsTheFormerOneAndNoOther(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	file := configFile(t, server.URL, "drain: 5s\n")
	p := start(t, "--config", file)
	former := p.address("edge")
	before := pingLater(t, former, "jo")
	soon(t, server.pings)

	rewrite(t, file, server.URL, "drain: 1s\nlisten: localhost:0\n")
	p.signal(unix.SIGHUP)
	p.await(1, "", wasRead)
	now := p.await(2, "edge", "listening").text("address")
	after := pingLater(t, now, "al")
	if user := soon(t, server.pings); user != "al" {
		t.Errorf("the Ping of %s", user)
	}
	if a := soon(t, before); a.code != 200 || a.body != pingStatus1 {
		t.Errorf("the Ping at the former address: %v", a)
	}
	p.await(1, "", "left the former address")
	if c, err := net.Dial("tcp", former); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("connecting to the former address: %v, %v", c, err)
	}
	if user := soon(t, server.gone); user != "jo" {
		t.Errorf("the Ping of %s was broken off", user)
	}
	server.mail <- struct{}{}
	if a := soon(t, after); a.code != 200 || a.body != pingStatus2 {
		t.Errorf("the Ping at the new address: %v", a)
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
}

func TestAnAddressThatCannotBeHadChangesNothing(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := configFile(t, server.URL, "")
	p := start(t, "--config", file)
	held := pingLater(t, p.address("edge"), "jo")
	soon(t, server.pings)
	rewrite(t, file, server.URL, denied+"listen: "+taken.Addr().String()+"\n")
	p.signal(unix.SIGHUP)
	if failed := p.await(1, "", wasNotRead).text("error"); !strings.Contains(failed, "address already in use") {
		t.Errorf("got %s", failed)
	}
	pingLater(t, p.address("edge"), "al")
	if user := soon(t, server.pings); user != "al" {
		t.Errorf("the Ping of %s", user)
	}
	server.mail <- struct{}{}
	server.mail <- struct{}{}
	if a := soon(t, held); a.code != 200 || a.body != pingStatus2 {
		t.Errorf("the held Ping: %v", a)
	}
	p.reloaded("0", "0", "1")
}

func TestAnotherAddressWithTheSamePortNeedsARestartAndTheErrorSaysSo(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	file := configFile(t, server.URL, "listen: 127.0.0.1:"+port+"\n")
	p := start(t, "--config", file)
	p.address("edge")
	rewrite(t, file, server.URL, "listen: :"+port+"\n")
	p.signal(unix.SIGHUP)
	want := "from 127.0.0.1:" + port + " to another address with the same port needs a restart"
	if failed := p.await(1, "", wasNotRead).text("error"); !strings.Contains(failed, want) {
		t.Errorf("got %s, want in it %s", failed, want)
	}
}

// Whoever stops us does not want to wait for an address that was given up before.
func TestAStopWhileTheFormerAddressDrainsEndsBoth(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	file := configFile(t, server.URL, "drain: 1h\n")
	p := start(t, "--config", file)
	slow := getLater(t, "https://"+p.address("edge")+"/slow")
	soon(t, server.slow)
	rewrite(t, file, server.URL, "drain: 1h\nlisten: localhost:0\n")
	p.signal(unix.SIGHUP)
	p.await(1, "", "leaving the former address")
	p.await(1, "", wasRead)
	p.signal(unix.SIGTERM)
	p.await(1, "", "draining")
	p.signal(unix.SIGTERM)
	p.exit(1)
	if a := soon(t, slow); a.err == nil {
		t.Errorf("the request on its way: %v", a)
	}
}
