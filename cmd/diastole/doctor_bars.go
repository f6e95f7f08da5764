package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/diastole/diastole/internal/doctor"
)

// bars show waits that take long: on a terminal as bars that grow below the lines, and
// elsewhere as a line for each end.
type bars struct {
	out      *os.File
	terminal bool
	began    time.Time
	stop     chan struct{}
	drawn    sync.WaitGroup

	mu    sync.Mutex
	lanes []bar
	lines int // of bars on the screen
}

// bar is one wait.
type bar struct {
	doctor.Progress
	since time.Time
	took  time.Duration // when it had ended
}

func newBars(out *os.File) *bars {
	b := &bars{out: out, terminal: obeys(out), began: time.Now(), stop: make(chan struct{})}
	if b.terminal {
		b.drawn.Go(b.grow)
	}
	return b
}

// grow draws the bars until close.
func (b *bars) grow() {
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.write("")
		case <-b.stop:
			return
		}
	}
}

// close takes the bars away: the report says it all again.
func (b *bars) close() {
	close(b.stop)
	b.drawn.Wait()
	b.mu.Lock()
	b.lanes = nil
	b.mu.Unlock()
	b.write("")
	fmt.Fprintln(b.out)
}

func (b *bars) tell(line string) {
	b.write(fmt.Sprintf("%6s  %s\n", span(time.Since(b.began)), line))
}

// watch takes a wait's begin or end.
func (b *bars) watch(p doctor.Progress) {
	b.mu.Lock()
	for len(b.lanes) <= p.Lane {
		b.lanes = append(b.lanes, bar{})
	}
	lane := &b.lanes[p.Lane]
	if p.Ended == "" {
		*lane = bar{Progress: p, since: time.Now()}
	} else {
		lane.Ended, lane.took = p.Ended, time.Since(lane.since)
	}
	ended := *lane
	b.mu.Unlock()
	if p.Ended != "" && !b.terminal {
		b.tell(fmt.Sprintf("%s: %s after %s", ended.name(), p.Ended, span(ended.took)))
	}
}

// write puts text above the bars, with one call, so that nothing flickers.
func (b *bars) write(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.terminal {
		b.out.WriteString(text)
		return
	}
	var all strings.Builder
	if b.lines > 0 {
		fmt.Fprintf(&all, "\x1b[%dA", b.lines) // cursor up (ECMA-48 8.3.22)
	}
	all.WriteString("\r" + eraseBelow + text + noWrap)
	b.lines = 0
	for _, lane := range b.lanes {
		if lane.Lasts > 0 {
			all.WriteString(lane.draw() + "\n")
			b.lines++
		}
	}
	b.out.WriteString(all.String() + wrap)
}

// A bar that is wider than the terminal is cut off: broken into two lines it would be
// drawn anew below itself each time (DECAWM, VT100).
const (
	noWrap = "\x1b[?7l"
	wrap   = "\x1b[?7h"
)

// barWidth leaves room for the words on a terminal of 80 columns.
const barWidth = 30

func (l bar) name() string {
	if l.Silence == l.Lasts {
		return "wait of " + span(l.Lasts)
	}
	return fmt.Sprintf("wait of %s, a byte every %s", span(l.Lasts), span(l.Silence))
}

func (l bar) draw() string {
	took, words := l.took, string(l.Ended)
	if l.Ended == "" {
		took, words = time.Since(l.since), span(time.Since(l.since))
	}
	full := int(min(took, l.Lasts) * barWidth / l.Lasts)
	return fmt.Sprintf("        %-32s %s%s %s", l.name(), strings.Repeat("█", full), strings.Repeat("░", barWidth-full), words)
}
