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

func TestTheProfileSetsLingerAndPaceWhereTheFileDoesNot(t *testing.T) {
	for name, want := range map[string]profile{
		"exchange": {linger: 0, pace: 2000}, "zimbra": {linger: 0, pace: 2000}, "generic": {linger: 0, pace: 2000},
		"sogo": {linger: 30 * time.Second, pace: 10}, "zpush": {linger: 30 * time.Second, pace: 10},
		"grommunio": {linger: 30 * time.Second, pace: 10}, "horde": {linger: 30 * time.Second, pace: 10},
	} {
		got := upstreamOf(t, "  profile: "+name+"\n")
		if got.Profile != name || got.Linger != want.linger || got.Pace != want.pace {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
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
