package doctor

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Print writes the report for people. paint colours the verdict; nil leaves it plain.
func (r *PathReport) Print(w io.Writer, paint func(Side, string) string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(t, visibleCells(cells)) }
	row("address", r.URL)
	if to := r.addresses(); len(to) > 0 {
		row("connected", strings.Join(to, ", "))
	}
	if s := r.Security; s != nil {
		row("TLS", s.words())
		row("certificate", fmt.Sprintf("%s, by %s, until %s (%d days)", strings.Join(s.Names, " "), s.Issuer, s.Expires.Format(time.DateOnly), s.Days))
	}
	if len(r.Steps) > 0 {
		row("server", r.Server.words())
	}
	for _, s := range r.Steps {
		row(s.Name, s.Took.String()+", "+s.Says)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := r.printHolds(w); err != nil {
		return err
	}
	return r.printVerdict(w, paint)
}

func (s *Security) words() string {
	words := s.Version
	if len(s.Accepts) > 0 {
		words += ", accepts " + strings.ReplaceAll(strings.Join(s.Accepts, " "), "TLS ", "")
	}
	if s.Protocol != "" {
		words += ", " + s.Protocol
	}
	return words
}

// printHolds is a line for each wait.
func (r *PathReport) printHolds(w io.Writer) error {
	if len(r.Holds) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tSILENCE\tPING\tENDED\tAFTER\tWHAT WAS SEEN")
	line := func(why string, h Hold) {
		fmt.Fprintln(t, visibleCells([]string{why, briefly(time.Duration(h.Silence)), briefly(time.Duration(h.Asked)), string(h.End), h.Took.String(), h.seen()}))
	}
	for _, h := range r.Holds {
		line("wait", h)
	}
	if r.Control != nil {
		line("control", *r.Control)
	}
	for _, h := range r.Search {
		line("search", h)
	}
	if r.Again != nil {
		line("again", *r.Again)
	}
	return t.Flush()
}

func (h Hold) seen() string {
	if h.By != "" && h.End != endHeld {
		return h.Says + ", from " + h.By
	}
	return h.Says
}

func (r *PathReport) printVerdict(w io.Writer, paint func(Side, string) string) error {
	v := r.Verdict
	said := visible(v.Says)
	if paint != nil {
		said = paint(v.Side, said)
	}
	lines := []string{"", said}
	if len(v.Suspects) > 0 {
		lines = append(lines, "  that time is the default of "+strings.Join(v.Suspects, "; or of "))
	}
	for _, way := range v.Ways {
		lines = append(lines, "  → "+way)
	}
	notes := v.Notes
	if r.Security != nil {
		notes = append(notes[:len(notes):len(notes)], r.Security.Notes...)
	}
	for _, note := range notes {
		lines = append(lines, "- "+visible(note))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// visibleCells is a line of a table, of others' words in part.
func visibleCells(cells []string) string {
	for i := range cells {
		cells[i] = visible(cells[i])
	}
	return strings.Join(cells, "\t")
}
