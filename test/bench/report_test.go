package bench

import (
	"fmt"
	"os"
	"slices"
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
	head, rule := "| |", "|---|"
	for _, p := range r.order {
		head, rule = head+" "+p.name+" |", rule+"---|"
	}
	lines := []string{head, rule}
	for _, f := range inOrder {
		line := "| " + f.title() + " |"
		for _, p := range r.order {
			line += " " + f.show(median(r.values(p, f))) + " |"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n") + "\n"
}

// table has a line for each proxy: median, lowest and highest round, and what
// diastole needs of what that proxy needs.
func (r *report) table(figures []figure) string {
	head, rule := "| |", "|---|"
	for _, f := range figures {
		head += fmt.Sprintf(" %s | lowest .. highest | diastole : this |", f.title())
		rule += "---|---|---|"
	}
	lines := []string{head, rule}
	for _, p := range r.order {
		line := "| " + p.name + " |"
		for _, f := range figures {
			values := r.values(p, f)
			spread := "-"
			if len(values) > 0 {
				spread = f.show(slices.Min(values)) + " .. " + f.show(slices.Max(values))
			}
			line += fmt.Sprintf(" %s | %s | %s |", f.show(median(values)), spread, r.ratios(p, f))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n") + "\n"
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

// ratios are diastole's figure by this proxy's; where waits held at the edge
// have that figure too, theirs is the second.
func (r *report) ratios(p peer, f figure) string {
	var texts []string
	for _, own := range r.order {
		if ratio := r.ratio(own, p, f); strings.HasPrefix(own.name, "diastole") && !strings.HasPrefix(p.name, "diastole") && ratio > 0 {
			texts = append(texts, fmt.Sprintf("%.2f", ratio))
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return strings.Join(texts, ", edge ")
}

// ratio is the median of the rounds' own ratios: a round that a noisy neighbour
// slowed down slowed down all of it.
func (r *report) ratio(own, other peer, f figure) float64 {
	var ratios []float64
	for i := range min(len(r.rounds[own.name]), len(r.rounds[other.name])) {
		a, has := r.rounds[own.name][i][f]
		if b := r.rounds[other.name][i][f]; has && b > 0 {
			ratios = append(ratios, a/b)
		}
	}
	if len(ratios) == 0 {
		return 0
	}
	return median(ratios)
}
