package proxy

import (
	"fmt"
	"strings"
	"time"
)

// judge compares what a phone has been told with what was true, at a moment when its
// wait is over, or could be: nothing that it lacks may be older than it is allowed to
// be. What is told now came in time if it could wait until now.
func (d *modelPhone) judge(folders []string) {
	now := time.Now()
	if now.After(d.until) {
		return
	}
	d.counted("wait of us")
	if d.refused(now) {
		return // of what happens in the mailbox it is told nothing
	}
	for _, folder := range folders {
		added, touched, _ := d.outstanding(folder)
		for _, id := range added {
			d.overdue(now, folder, id, "came")
		}
		if d.check != "estimate" {
			continue // a Ping is about what has come (MS-ASCMD 3.1.5.8)
		}
		for _, id := range touched {
			if d.isHeldUp() || d.lookedSince(id) {
				continue // a Ping of the server may see nothing of it
			}
			d.overdue(now, folder, id, "was touched")
		}
	}
}

// blame is a fault, with what led to it.
func (d *modelPhone) blame(format string, of ...any) {
	d.mu.Lock()
	trail := strings.Join(d.trails[d.name()], "\n\t")
	d.mu.Unlock()
	d.fault("%s %s\n\t%s", d.name(), fmt.Sprintf(format, of...), trail)
}

// isHeldUp tells whether its wait was left to the server.
func (d *modelPhone) isHeldUp() bool {
	return !d.wentUpAt("Ping").Before(d.chain) || d.hangs && !d.wentUpAt("Sync").Before(d.chain)
}

// lookedSince tells whether a question about an item may have been a Ping.
func (d *modelPhone) lookedSince(item string) bool {
	d.mu.Lock()
	at := d.at[d.user+item]
	d.mu.Unlock()
	return !d.wentUpAt("look").Before(later(at, d.chain))
}

func (d *modelPhone) wentUpAt(what string) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wentUp[d.name()+"/"+what]
}

// overdue is a fault for what should have been told before now.
func (d *modelPhone) overdue(now time.Time, folder, id, what string) {
	d.mu.Lock()
	at, noted := d.at[d.user+id]
	rung, uncovered := d.rung[d.user], d.uncovered
	d.mu.Unlock()
	if !noted {
		return // it has come in this moment
	}
	since := later(at, d.heard)
	why := ""
	switch waited := now.Sub(since); {
	case waited > edgeSafety+d.allowance:
		why = "longer than the safety interval"
	case !uncovered.IsZero() && now.Sub(later(since, uncovered)) > edgePoll+d.allowance:
		why = "longer than the poll interval while nobody tells"
	case at.Before(d.chain) && now.Sub(later(d.chain, d.heard)) > d.allowance:
		why = "since before it began to wait"
	case !rung.Before(at) && rung.After(d.chain) && now.Sub(later(rung, d.heard)) > d.allowance:
		why = "although the bell has rung"
	}
	if why != "" {
		d.blame("waits since %v on folder %s and was not told that %s %s %v ago: %s (rung %v ago, hangs %v)",
			now.Sub(d.heard), folder, id, what, now.Sub(at), why, now.Sub(rung), d.hangs)
	}
}

// refused is true while the phone has an old password; it must hear of it in time.
func (d *modelPhone) refused(now time.Time) bool {
	d.mu.Lock()
	holds := d.passwords[d.user]
	d.mu.Unlock()
	if d.typed == holds.text {
		return false
	}
	since := later(holds.since, d.heard)
	if now.Sub(since) > edgeSafety+d.allowance && !d.isHeldUp() {
		d.blame("has had an old password for %v, and still waits", now.Sub(since))
	}
	return true
}

// told takes in that a phone was told of folders.
func (d *modelPhone) told(folders []string) {
	for _, id := range folders {
		d.counted("told of a folder")
		added, touched, known := d.outstanding(id)
		switch {
		case strings.HasPrefix(d.user, userNumber(0)):
			d.blame("was told of folder %s, and nothing ever happens there", id)
		case known && len(added)+len(touched) == 0 && time.Since(d.lastTouched(id)) < d.allowance:
			d.counted("told of what has gone meanwhile")
		case known && len(added)+len(touched) == 0:
			d.counted("told of a folder in vain")
		}
	}
}

// lastTouched is when something last happened in a folder of the user's.
func (d *modelPhone) lastTouched(folder string) (last time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for item, at := range d.at {
		if strings.HasPrefix(item, d.user+folder+":") {
			last = later(last, at)
		}
	}
	return last
}

// happens notes that something begins (1) or ends (-1) to happen in a user's mailbox.
func (m *edgeModel) happens(user string, what int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.happened[user]++
	m.happening[user] += what
}

// happenings is how much has happened in a user's mailbox, and does right now.
func (m *edgeModel) happenings(user string) (n, now int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.happened[user], m.happening[user]
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
