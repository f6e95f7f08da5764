package main

import (
	"net/http/httptest"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSIGTERMAnswersEveryHeldWait(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, "drain: 1s\n"))
	var held []<-chan reply
	for _, user := range []string{"jo", "al", "cy"} {
		held = append(held, pingLater(t, p.address("edge"), user))
		<-server.pings
	}
	p.signal(unix.SIGTERM)
	for _, ping := range held {
		if a := <-ping; a.code != 200 || a.body != pingStatus1 {
			t.Errorf("a held Ping: %v", a)
		}
	}
	p.exit(0)
	p.await(1, "", "drained")
}

func TestWhileDrainingItIsNotReadyAndRequestsOnTheirWayAreFinished(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, "drain: 1h\n"))
	slow := getLater(t, "https://"+p.address("edge")+"/slow")
	<-server.slow
	p.signal(unix.SIGTERM)
	draining := p.await(1, "", "draining")
	if draining.text("signal") != "terminated" || draining["within_seconds"] != 3600.0 {
		t.Errorf("got %v", draining)
	}
	if a := get(t, "http://"+p.address("admin")+"/readyz"); a.code != 503 || a.body != "not ready: draining: this process is about to stop\n" {
		t.Errorf("readyz: %v", a)
	}
	close(server.release)
	if a := <-slow; a.code != 200 || a.body != "at last" {
		t.Errorf("the request on its way: %v", a)
	}
	p.exit(0)
}

func TestWhatIsStillOnItsWayWhenTheTimeIsOverIsCut(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, "drain: 10ms\n"))
	slow := getLater(t, "https://"+p.address("edge")+"/slow")
	<-server.slow
	p.signal(unix.SIGTERM)
	if a := <-slow; a.err == nil {
		t.Errorf("the request on its way: %v", a)
	}
	p.exit(0)
	if cut := p.await(1, "", "the time to drain is over, requests on their way are cut"); cut.text("level") != "warn" {
		t.Errorf("got %v", cut)
	}
}

func TestASecondSignalStopsAtOnce(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, "drain: 1h\n"))
	slow := getLater(t, "https://"+p.address("edge")+"/slow")
	<-server.slow
	p.signal(unix.SIGTERM)
	p.await(1, "", "draining")
	p.signal(unix.SIGTERM)
	p.exit(1)
	if a := <-slow; a.err == nil {
		t.Errorf("the request on its way: %v", a)
	}
	want := "stopped at once by a second signal: waits that were held are cut"
	if got := p.await(1, "", "stopped").text("error"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Who reloads and stops in one breath wants the stop.
func TestSIGHUPDuringADrainIsIgnored(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, "drain: 1h\n"))
	slow := getLater(t, "https://"+p.address("edge")+"/slow")
	<-server.slow
	p.signal(unix.SIGTERM)
	p.await(1, "", "draining")
	p.signal(unix.SIGHUP)
	p.signal(unix.SIGHUP)
	close(server.release)
	if a := <-slow; a.code != 200 || a.body != "at last" {
		t.Errorf("the request on its way: %v", a)
	}
	p.exit(0)
	p.none("", "the configuration was read again")
}
