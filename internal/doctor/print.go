package doctor

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Print writes the report for people: what was measured, and what to set.
func (r *Report) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(t, strings.Join(cells, "\t")) }
	row("server", r.Server.words())
	row("protocol versions", strings.Join(r.Server.Versions, " "))
	row("folders", strconv.Itoa(r.Folders))
	for _, wait := range append([]Wait{r.Wait}, r.Short...) {
		row("Ping of "+wait.Asked.String(), wait.Answer.words()+", "+wait.Means)
	}
	if l := r.Load; l != nil {
		row("waits at once", l.words())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	row("WHAT WAS SO", "ESTIMATE", "", "PING OF "+checkPing.String(), "")
	for _, c := range r.Cases {
		row(c.Event, c.Estimate.words(), c.verdict(c.Estimate), c.Ping.words(), c.verdict(c.Ping))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return r.Advice.print(w, r.Notes)
}

func (s Server) words() string {
	named := s.Profile
	if named == "" {
		named = "not known"
	} else {
		named += " (" + s.Seen + ")"
	}
	for _, more := range []struct{ name, value string }{{"Server", s.Software}, {"MS-Server-ActiveSync", s.ActiveSync}, {"realm", s.Realm}} {
		if more.value != "" && !strings.Contains(s.Seen, more.value) {
			named += ", " + more.name + " " + more.value
		}
	}
	return visible(named)
}

// visible is what a server says, without what a terminal would obey.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

func (a Answer) words() string { return a.Says + " after " + a.Took.String() }

func (l *Load) words() string {
	if l.SlowAt > 0 {
		return fmt.Sprintf("with %d, OPTIONS took %s instead of %s", l.SlowAt, l.Last, l.Before)
	}
	return fmt.Sprintf("with %d, OPTIONS still took %s (%s without)", l.Tried, l.Last, l.Before)
}

func (c Case) verdict(a Answer) string {
	switch {
	case a.State == "unclear":
		return "unclear"
	case (a.State == "changed") == c.Changed:
		return "right"
	case c.Changed:
		return "missed"
	}
	return "false alarm"
}

func (a Advice) print(w io.Writer, notes []string) error {
	fmt.Fprintln(w)
	if a.Fits {
		fmt.Fprintln(w, "This fits:")
	} else {
		fmt.Fprintln(w, "This cannot be told for sure:")
	}
	fmt.Fprintf(w, "\n  upstream:\n    profile: %s\n    hold: %s\n", a.Profile, a.Hold)
	for _, key := range []struct{ name, value string }{{"check", a.Check}, {"slice", a.Slice.key()}, {"max_waits", number(a.MaxWaits)}, {"max_checks", number(a.MaxChecks)}} {
		if key.value != "" {
			fmt.Fprintf(w, "    %s: %s\n", key.name, key.value)
		}
	}
	fmt.Fprintln(w)
	for _, reason := range append(a.Reasons, notes...) {
		if _, err := fmt.Fprintln(w, "- "+visible(reason)); err != nil {
			return err
		}
	}
	if a.Hold == "edge" {
		_, err := fmt.Fprintln(w, "- without a source under wake, hold: pass is better: a change would be seen only every wake.poll")
		return err
	}
	return nil
}

func (s Span) key() string {
	if s == 0 {
		return ""
	}
	return s.String()
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
