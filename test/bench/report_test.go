package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// report gathers the rounds and writes them for people.
type report struct {
	*options
	order    []peer
	rounds   map[string][]seen // of each proxy
	failures []string
}

func newReport(o *options) *report { return &report{options: o, rounds: map[string][]seen{}} }

func (r *report) add(p peer, s seen, err error) {
	if r.rounds[p.name] == nil {
		r.order = append(r.order, p)
	}
	r.rounds[p.name] = append(r.rounds[p.name], s)
	if err != nil {
		r.failures = append(r.failures, fmt.Sprintf("%s, round %d: %v", p.name, len(r.rounds[p.name]), err))
	}
}

func (r *report) write(b *testing.B) {
	text := r.text()
	fmt.Println("\n" + text)
	if err := os.WriteFile(r.out, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

func (r *report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nMade by `%s`, which overwrites this file. %s\n\n", r.command(), machine(r.order))
	fmt.Fprintf(&b, preface, r.options.rounds, r.waits)
	b.WriteString(r.summary())
	for _, s := range sections(r.options) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s", s.title, s.text, r.table(s.figures))
		if s.aim != "" {
			fmt.Fprintf(&b, "\nTo reach: %s\n", s.aim)
		}
	}
	if len(r.failures) > 0 {
		fmt.Fprintf(&b, "\n## What could not be measured\n\n- %s\n", strings.Join(r.failures, "\n- "))
	}
	return b.String()
}

// summary has a line for each figure and a column for each proxy.
func (r *report) summary() string {
	t := table{{""}}
	for _, p := range r.order {
		t[0] = append(t[0], p.name)
	}
	for _, f := range inOrder {
		line := []string{f.title()}
		for _, p := range r.order {
			line = append(line, f.show(median(r.values(p, f))))
		}
		t = append(t, line)
	}
	return t.String()
}

// table has a line for each proxy: what the rounds gave, and how the first
// figure compares with diastole's.
func (r *report) table(figures []figure) string {
	t := table{{""}}
	for _, f := range figures {
		t[0] = append(t[0], f.title())
	}
	own := r.diastoles(figures[0])
	for _, p := range own {
		t[0] = append(t[0], p.name+" : this")
	}
	for _, p := range r.order {
		line := []string{p.name}
		for _, f := range figures {
			line = append(line, f.spread(r.values(p, f)))
		}
		for _, o := range own {
			line = append(line, r.ratio(o, p, figures[0]))
		}
		t = append(t, line)
	}
	return t.String()
}

// diastoles are our own ways that have this figure.
func (r *report) diastoles(f figure) (own []peer) {
	for _, p := range r.order {
		if p.ours && len(r.values(p, f)) > 0 {
			own = append(own, p)
		}
	}
	return own
}

// values are what the rounds gave.
func (r *report) values(p peer, f figure) (values []float64) {
	for _, s := range r.rounds[p.name] {
		if value, ok := s[f]; ok {
			values = append(values, value)
		}
	}
	return values
}

// ratio is the median of the rounds' own ratios: a round that a noisy neighbour
// slowed down slowed down all of it.
func (r *report) ratio(own, other peer, f figure) string {
	var ratios []float64
	for i, theirs := range r.rounds[other.name] {
		if i >= len(r.rounds[own.name]) {
			break
		}
		if ours, has := r.rounds[own.name][i][f]; has && theirs[f] > 0 {
			ratios = append(ratios, ours/theirs[f])
		}
	}
	return figure{digits: 2}.show(median(ratios))
}

// table is a Markdown table, its head first.
type table [][]string

func (t table) String() string {
	var b strings.Builder
	for i, line := range t {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(line)) + "|\n")
		}
	}
	return b.String()
}
