package main

import (
	"fmt"
	"io"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// summary is what came of a demo.
type summary struct {
	took      time.Duration
	networks  []networkSummary
	delivered int64
	arrived   int
	median    time.Duration
	p95       time.Duration
	longest   time.Duration
}

// networkSummary is what came of the phones of one network. Times are the phones'.
type networkSummary struct {
	name      string
	idle      time.Duration
	waits     int
	lost      int // waits that nobody answered
	forgotten int64
	mean      time.Duration // interval asked
}

// summary counts; the lock is held.
func (v *view) summary() summary {
	s := summary{took: time.Since(v.start), delivered: v.scene.delivered.Load(),
		median: v.percentile(50), p95: v.percentile(95), longest: v.percentile(100)}
	for i, n := range demoNetworks {
		ns := networkSummary{name: n.name, idle: n.idle, forgotten: v.scene.walls[i].Forgotten()}
		var asked time.Duration
		for _, r := range v.rows {
			if r.network != n.name {
				continue
			}
			for _, count := range r.ended {
				ns.waits += count
			}
			ns.lost += r.ended[lab.Silent] + r.ended[lab.Broken]
			asked += r.sum
		}
		if ns.waits > 0 {
			ns.mean = asked / time.Duration(ns.waits)
		}
		s.networks = append(s.networks, ns)
	}
	for _, r := range v.rows {
		s.arrived += r.mails
	}
	return s
}

// print writes it for a person.
func (s summary) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s ran, %s of the phones' lives.\n", span(s.took), span(s.took*demoScale))
	for _, n := range s.networks {
		fmt.Fprintf(w, "  %-13s forgets after %-4s %4d waits, asked for %s on average, %d of them never answered\n",
			n.name+",", span(n.idle)+":", n.waits, span(n.mean), n.lost)
	}
	fmt.Fprintf(w, "  %d mails delivered, %d on their phones: half of them within %s, 95 %% within %s, all within %s\n",
		s.delivered, s.arrived, short(s.median), short(s.p95), short(s.longest))
}

// span writes minutes and seconds as people say them: 12m, 7m50s, 45s.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d%time.Minute == 0 && d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// short writes a latency.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return span(d)
}
