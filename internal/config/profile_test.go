package config

import (
	"testing"
	"time"
)

func upstreamOf(t *testing.T, keys string) Upstream {
	t.Helper()
	c, err := Parse("d.yaml", []byte("upstream:\n  url: https://mail.internal\n"+keys))
	if err != nil {
		t.Fatal(err)
	}
	return c.Upstream
}

func TestTheProfileSetsWhatTheFileDoesNot(t *testing.T) {
	server := profile{pace: 2000, check: "estimate", checkPace: 2000}
	workers := profile{linger: 30 * time.Second, pace: 10, check: "estimate", checkPace: 50}
	sogo := workers
	sogo.check = "ping"
	for name, want := range map[string]profile{
		"exchange": server, "zimbra": server, "generic": server, "sogo": sogo, "zpush": workers, "grommunio": workers, "horde": workers,
	} {
		got := upstreamOf(t, "  profile: "+name+"\n")
		if got.Profile != name || got.Linger != want.linger || got.Pace != want.pace || got.CheckKind() != want.check || got.CheckPace != want.checkPace {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// Where each wait takes a worker, waits are held at the edge as soon as somebody
// tells of changes. Where nobody does, a change would be seen later than before.
func TestWorkersAreSparedAsSoonAsThereIsASource(t *testing.T) {
	for _, source := range []string{"dovecot: {listen: \"127.0.0.1:9181\", token_file: testdata/files/token}", "imap: {address: \"imap.internal:993\"}", "jmap: {url: \"https://mail.internal/jmap/\"}"} {
		for name, want := range map[string]string{
			"exchange": "pass", "zimbra": "pass", "generic": "pass", "sogo": "edge", "zpush": "edge", "grommunio": "edge", "horde": "edge",
		} {
			if got := upstreamOf(t, "  profile: "+name+"\nwake: {"+source+"}\n"); got.Hold != want {
				t.Errorf("%s with %s: %s, want %s", name, source, got.Hold, want)
			}
			if got := upstreamOf(t, "  profile: "+name+"\n"); got.Hold != "pass" {
				t.Errorf("%s without a source: %s", name, got.Hold)
			}
			if got := upstreamOf(t, "  profile: "+name+"\n  hold: slice\nwake: {"+source+"}\n"); got.Hold != "slice" {
				t.Errorf("%s: the file says slice, it became %s", name, got.Hold)
			}
		}
	}
}

// With calendars alone each wait on an inbox would still be asked for every wake.poll.
func TestASourceOfCalendarsAloneDoesNotChangeHowWaitsAreHeld(t *testing.T) {
	const source = "wake: {dav: {url: \"https://sogo.internal/SOGo/dav\"}}\n"
	if got := upstreamOf(t, "  profile: sogo\n"+source); got.Hold != "pass" {
		t.Errorf("it became %s", got.Hold)
	}
}

func TestACheckThatIsWrittenIsStrongerThanTheProfile(t *testing.T) {
	if got := upstreamOf(t, "  profile: zpush\n  check: ping\n  check_pace: 0\n"); got.CheckKind() != "ping" || got.CheckPace != 0 {
		t.Errorf("got %+v", got)
	}
}

// The order of the keys is the writer's affair.
func TestWhatTheFileSaysIsStrongerThanTheProfile(t *testing.T) {
	for _, text := range []string{
		"  linger: 0s\n  pace: 0\n  profile: sogo\n", "  profile: sogo\n  pace: 0\n  linger: 0s\n",
	} {
		if got := upstreamOf(t, text); got.Linger != 0 || got.Pace != 0 {
			t.Errorf("%s became %+v", text, got)
		}
	}
	if got := upstreamOf(t, "  profile: exchange\n  linger: 5s\n"); got.Linger != 5*time.Second || got.Pace != 2000 {
		t.Errorf("got %+v", got)
	}
}

func TestWithoutAProfileItIsTheGenericOne(t *testing.T) {
	if got := upstreamOf(t, ""); got.Profile != "generic" || got.Hold != "pass" || got.Linger != 0 || got.Pace != 2000 || got.MaxWaits != 0 {
		t.Errorf("got %+v", got)
	}
	c, err := FromFlags(Flag{Name: "--upstream", Key: "upstream.url", Text: "https://mail.internal"})
	if err != nil || c.Upstream.Pace != 2000 || c.Upstream.Hold != "pass" {
		t.Errorf("from flags %+v, %v", c, err)
	}
}
