package main

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/diastole/diastole/internal/lab"
)

// redrawEvery is often enough to see a wait come and go.
const redrawEvery = 250 * time.Millisecond

// Control sequences of ECMA-48: home, erase to the end of the line, erase to the end of the screen.
const (
	cursorHome = "\x1b[H"
	eraseLine  = "\x1b[K"
	eraseBelow = "\x1b[J"
)

// redraw keeps the table on the screen up to date, in place.
func (v *view) redraw() {
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	fmt.Fprint(v.out, cursorHome+eraseBelow)
	for {
		v.draw()
		select {
		case <-tick.C:
		case <-v.stop:
			v.draw() // as it was in the end
			return
		}
	}
}

// draw writes the whole screen with one call, so that it does not flicker.
func (v *view) draw() {
	width, height := 120, 40
	if size, err := unix.IoctlGetWinsize(int(v.out.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 && size.Row > 1 {
		width, height = int(size.Col), int(size.Row)
	}
	var b strings.Builder
	b.WriteString(cursorHome)
	table := v.table()
	// A line that wraps, or one too many, would scroll the table off its place.
	for _, line := range table[:min(len(table), height-1)] {
		if r := []rune(line); len(r) > width {
			line = string(r[:width])
		}
		b.WriteString(line + eraseLine + "\n")
	}
	b.WriteString(eraseBelow)
	v.out.WriteString(b.String())
}

// table is what stands on the screen.
func (v *view) table() (lines []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	d := v.scene.daemon
	add("diastole %s: %d phones behind firewalls that forget, living %d times faster than yours", thisBuild().version, len(v.rows), demoScale)
	add("  dashboard  %s    phones  https://%s/    Ctrl-C ends it", d.adminURL(), d.phones.Addr())
	add("  running %s, %s for the phones; %d waits held by the server, %d mails delivered",
		span(time.Since(v.start)), span(time.Since(v.start)*demoScale), v.scene.server.Held(), v.scene.delivered.Load())
	for i, n := range demoNetworks {
		add("")
		add("%s, forgets after %s: %d connections forgotten; %s", n.name, span(n.idle), v.scene.walls[i].Forgotten(), v.scene.learned(i))
		add("  %-6s %-20s %-7s %-10s %-28s %6s %6s %6s %9s", "phone", "ladder", "asks", "search", "last wait", "waits", "lost", "mails", "last mail")
		for _, r := range v.rows {
			if r.network == n.name {
				lines = append(lines, r.line())
			}
		}
	}
	return lines
}

// line is one phone in the table.
func (r *row) line() string {
	asks, waits, latency := "-", 0, "-"
	if r.waiting {
		asks = span(r.interval)
	}
	if r.mails > 0 {
		latency = short(r.latency)
	}
	for _, n := range r.ended {
		waits += n
	}
	return fmt.Sprintf("  %-6s %-20s %-7s %-10s %-28s %6d %6d %6d %9s", r.user, r.ladder, asks, r.last.State, r.outcome(),
		waits, r.ended[lab.Silent]+r.ended[lab.Broken], r.mails, latency)
}

// outcome says in words how the last wait ended.
func (r *row) outcome() string {
	after := span(r.last.Took * demoScale)
	switch r.last.Event {
	case lab.Expired:
		return "nothing new after " + after
	case lab.Changed:
		return "news after " + after
	case lab.Silent:
		return "no answer to " + span(r.last.Asked)
	case lab.Broken:
		return "cut after " + after
	case lab.Refused:
		return "refused: " + span(r.last.Next) + " instead"
	}
	return r.problem
}
