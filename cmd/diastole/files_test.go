package main

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

func TestHowManyPhonesMayBeConnectedFollowsFromTheFilesAndTheWaitsAtTheServer(t *testing.T) {
	for _, c := range []struct {
		name     string
		files    uint64
		maxWaits int
		want     int
	}{
		{"every phone may need a connection to the server", 20_000, 0, (20_000 - 128) / 2},
		{"few waits at the server", 20_000, 200, 20_000 - 128 - 256 - 200},
		{"more waits at the server than half of the files", 20_000, 15_000, (20_000 - 128) / 2},
		{"the usual soft limit", 1024, 0, 448},
		{"the usual soft limit, few waits", 1024, 100, 1024 - 128 - 256 - 100},
		{"hardly any files", 100, 0, 64},
		{"no limit", ^uint64(0), 0, 1 << 20},
		{"no limit, few waits", ^uint64(0), 200, 1 << 20},
		{"a limit that nobody knows", 0, 200, 0},
	} {
		if got := connections(c.files, c.maxWaits); got != c.want {
			t.Errorf("%s: %d connections with %d files and %d waits, want %d", c.name, got, c.files, c.maxWaits, c.want)
		}
	}
	if got := connections(20_000, 200); got <= 19_000 {
		t.Errorf("%d connections with 20,000 files and 200 waits at the server", got)
	}
}

// Whatever is configured: phones at their limit leave the files that relaying their
// requests takes, and a limit on waits never makes room for fewer phones.
func TestPhonesAtTheirLimitLeaveWhatTheServerNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		files := rapid.Uint64Range(512, 1<<22).Draw(t, "files")
		maxWaits := rapid.IntRange(1, 1_000_000).Draw(t, "max_waits")
		unlimited, limited := connections(files, 0), connections(files, maxWaits)
		if left := int(files) - ownFiles - turnedAway - unlimited; left < unlimited {
			t.Fatalf("%d phones and %d files for their waits", unlimited, left)
		}
		if left := int(files) - ownFiles - turnedAway - limited; left < min(limited, maxWaits+otherUpstream) {
			t.Fatalf("%d phones, %d waits and %d files for them", limited, maxWaits, left)
		}
		if limited < unlimited {
			t.Fatalf("%d phones with at most %d waits at the server, %d without a limit", limited, maxWaits, unlimited)
		}
	})
}

// The listener was opened with the former number, and what is open is open.
func TestALimitOnWaitsMovesTheLimitOfConnectionsAtTheNextStart(t *testing.T) {
	const url = "http://127.0.0.1:1"
	few := func(file string) *process {
		return startCommand(t, exec.Command("sh", "-c", `ulimit -n 2000 && exec "$0" serve --config "$1"`, program, file))
	}
	file := configFile(t, url, "")
	p := few(file)
	if got := p.await(1, "edge", "listening")["connections_limit"]; got != 936. {
		t.Errorf("%v connections with 2,000 files, want 936", got)
	}
	rewrite(t, file, url, "  max_waits: 10\n")
	p.signal(unix.SIGHUP)
	warning := p.await(1, "", "upstream.max_waits is in force, the limit of connections that goes with it needs a restart")
	if warning["connections_limit"] != 936. || warning["after_a_restart"] != 1606. {
		t.Errorf("got %v", warning)
	}
	if got := few(file).await(1, "edge", "listening")["connections_limit"]; got != 1606. {
		t.Errorf("%v connections after the restart, want 1606", got)
	}
}
