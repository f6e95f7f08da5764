package e2e

import (
	"fmt"
	"testing"
)

// Ten devices of two users wait at once; mail comes for one user. Each device
// is answered for itself: a mixed-up answer would be mail shown to a stranger.
func TestTenDevicesAtOnceAreEachAnsweredForThemselves(t *testing.T) {
	t.Parallel()
	e := startEdge(t, front())
	busy, quiet := server.user(t), server.user(t)
	t.Run("devices", func(t *testing.T) {
		for n := range 10 {
			user, want := busy, "2"
			if n%2 == 1 {
				user, want = quiet, "1"
			}
			t.Run(fmt.Sprintf("%s-%d", user, n), func(t *testing.T) {
				t.Parallel()
				p := newPhone(t, e.door(), user, fmt.Sprintf("DEVICE%d", n)).start()
				if n == 0 {
					defer e.onWaits(10, func() { server.deliver(t, busy, "to one of two") })()
				}
				doc := p.ping("20").doc(t)
				if status := doc.get("Ping:Status"); status != want {
					t.Errorf("%s: Status %s, want %s", user, status, want)
				}
				if folder := doc.get("Ping:Folder"); want == "2" && folder != p.inbox {
					t.Errorf("%s: folder %q, want %q", user, folder, p.inbox)
				}
				if came := p.sync(); (len(came) == 1) != (want == "2") {
					t.Errorf("%s: the Sync after it brought %d", user, len(came))
				}
			})
		}
	})
}
