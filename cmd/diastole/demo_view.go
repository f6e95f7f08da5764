package main

import (
	"os"
	"slices"
	"sync"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// latenciesKept bounds what the summary's percentiles are made of.
const latenciesKept = 10_000

// row is what is known of one phone.
type row struct {
	user, network, ladder string
	interval              time.Duration // asked now, in the phone's time
	waiting               bool
	last                  lab.Wait // the last wait that ended
	ended                 [6]int   // waits by lab.Event
	sum                   time.Duration
	mails                 int
	latency               time.Duration // of the last mail, in true time
	problem               string        // what went wrong last, besides waits
}

// view is what the person who runs the demo sees of it.
type view struct {
	out   *os.File
	scene *scene
	start time.Time
	lines *lines        // not on a terminal
	stop  chan struct{} // ends the redrawing of the table
	drawn sync.WaitGroup

	mu        sync.Mutex
	rows      []row
	latencies []time.Duration
}

func newView(out *os.File, s *scene) *view {
	v := &view{out: out, scene: s, start: time.Now(), stop: make(chan struct{})}
	for _, p := range demoPhones {
		r := row{user: p.user, network: demoNetworks[p.network].name, ladder: p.phone.Ladder.Name}
		if p.phone.HangingSync {
			r.ladder += ", sync"
		}
		v.rows = append(v.rows, r)
	}
	if isTerminal(out) {
		v.drawn.Go(v.redraw)
		return v
	}
	v.lines = newLines(out)
	v.lines.started(v)
	return v
}

// ask notes that a phone begins to wait.
func (v *view) ask(i int, interval time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rows[i].interval, v.rows[i].waiting = interval, true
}

// wait notes how a phone's wait ended.
func (v *view) wait(i int, w lab.Wait) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := &v.rows[i]
	r.waiting, r.last = false, w
	r.ended[w.Event]++
	r.sum += w.Asked
	if v.lines != nil {
		v.lines.wait(r, w)
	}
}

// mail notes that a mail has arrived on a phone.
func (v *view) mail(i int, m lab.Mail) {
	latency := max(time.Since(m.Received), 0)
	v.mu.Lock()
	defer v.mu.Unlock()
	r := &v.rows[i]
	r.mails++
	r.latency = latency
	if len(v.latencies) < latenciesKept {
		v.latencies = append(v.latencies, latency)
	}
	if v.lines != nil {
		v.lines.mail(r, m)
	}
}

// problem notes what a phone complains about.
func (v *view) problem(i int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rows[i].problem = err.Error()
	if v.lines != nil {
		v.lines.problem(&v.rows[i], err)
	}
}

// end shows the summary.
func (v *view) end() {
	close(v.stop)
	v.drawn.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.lines != nil {
		v.lines.summary(v.summary())
		return
	}
	v.summary().print(v.out)
}

// percentile of the mails' latencies; 0 without any.
func (v *view) percentile(p int) time.Duration {
	if len(v.latencies) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(v.latencies))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}
