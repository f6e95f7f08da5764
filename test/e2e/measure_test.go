package e2e

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

const deliveries = 100 // for each source

// BenchmarkPush measures from the end of an LMTP delivery to the phone's Status 2, for
// each source, and writes docs/push.md, or what PUSH_OUT names. It runs once, whatever
// b.N is, and judges nothing.
func BenchmarkPush(b *testing.B) {
	crowd := pushBed(b)
	users := crowd.people(b, deliveries)
	var rows strings.Builder
	for _, s := range sources {
		if s.brief {
			continue
		}
		b.Run(s.name, func(b *testing.B) {
			took := s.measure(b, crowd, users)
			if len(took) < deliveries {
				b.Fatalf("%d of %d deliveries were told of", len(took), deliveries)
			}
			row := fmt.Sprintf("| %s | %s | %s | %s |", s.name, shown(took[len(took)/2]), shown(took[len(took)*95/100]), shown(took[len(took)-1]))
			b.Log(row)
			fmt.Fprintln(&rows, row)
		})
	}
	if b.Failed() {
		return
	}
	out := cmp.Or(os.Getenv("PUSH_OUT"), "../../docs/push.md")
	text := fmt.Sprintf(pushDocument, deliveries, runtime.NumCPU(), versions(b), rows.String())
	if err := os.WriteFile(out, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

// measure gives the times, shortest first. Without a source there are fewer phones, and
// each has several turns: all of them look every five seconds, and a look that finds
// nothing takes a worker for as long.
func (s source) measure(b *testing.B, crowd *bed, users []string) (took []time.Duration) {
	b.Helper()
	e := s.start(b, crowd, users)
	gap := time.Second
	if s.name == "none" {
		users, gap = users[:8], 700*time.Millisecond
	}
	for len(took) < deliveries {
		th := newThrong(b, crowd, e.door(), users[:min(len(users), deliveries-len(took))])
		before := e.begun()
		th.wait(4)
		th.settle(e, before)
		if s.name != "none" {
			th.covered(e)
		}
		took = append(took, th.wake(th.phones, gap)...)
		th.leave()
		if b.Failed() {
			break
		}
	}
	slices.Sort(took)
	return took
}

// shown is a time as people read it.
func shown(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// versions of what was measured.
func versions(b *testing.B) string {
	b.Helper()
	out, err := exec.CommandContext(b.Context(), "dpkg-query", "-W", "-f", "${Package} ${Version}, ", "sogo", "dovecot-core").Output()
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSuffix(string(out), ", ")
}

const pushDocument = `# How fast push is

Made by ` + "`make push`" + `, which overwrites this file: %d deliveries for each source of wakes, on %d processors that server, proxy and
phones share, with %s. Measured is from the moment when Dovecot has accepted a mail by LMTP to the moment when
the phone has read Status 2, on a Ping that waited at the edge ([How waits are held](holding.md#without-the-server)). Between lie the
source's word and one question to SOGo, a Ping that finds the change. Each delivery is for another phone, one after the other.

| source | p50 | p95 | slowest |
|---|---|---|---|
%s
- **Dovecot hook**: the script in ` + "`deploy/dovecot`" + `, all folders. It says so within some milliseconds; the rest is SOGo's answer.
- **IMAP NOTIFY**: all folders, one connection and one process of Dovecot's for each user. Dovecot waits half a second before it tells.
- **IDLE with hibernation** (` + "`imap_hibernate_timeout`" + `): the inbox alone. A hibernated connection tells at once, and 200 of them take 2 MB.
- **IDLE without**: the inbox alone, and Dovecot's half second.
- **none**: nobody tells. SOGo is asked every five seconds (` + "`wake.poll: 5s`" + `; the default is 30 s, and the times grow with it), and a question
  that finds nothing lasts five seconds more. So a mail is told of after ten at most. Here 8 phones had their turns one after the other.

To reach: p95 of 150 ms with the hook and with hibernated IDLE, 700 ms with NOTIFY. Whatever else the machine does at that time is in the figures.

A mail that comes while the first question of a wait is still at SOGo (it takes five seconds when nothing has changed) is told of at the question's
end: here all waited until that was over. No source here hears of calendars and contacts, which are looked at every ` + "`wake.poll`" + `. Of a folder
that is added SOGo tells no waiting phone, with diastole or without; the phone's next FolderSync brings it.
`
