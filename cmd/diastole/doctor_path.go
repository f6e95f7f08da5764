package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/diastole/diastole/internal/doctor"
)

// pathFlags say how a way is tried.
type pathFlags struct {
	Holds  []time.Duration `placeholder:"TIME,..." help:"With --url: the lengths of the waits, at most 8 (default 60s,300s,600s,900s)."`
	Search time.Duration   `default:"45m" placeholder:"TIME" help:"With --url: how much longer it may take to find the exact figure, where waits die without a word, or to hold one again that was ended; 0: not at all (default ${default})."`
}

func (f pathFlags) validate(used bool) error {
	switch {
	case len(f.Holds) > 0 && !used:
		return errors.New("--holds goes with --url")
	case len(f.Holds) > doctor.MostHolds:
		return fmt.Errorf("--holds: write %d lengths of time at most", doctor.MostHolds)
	case f.Search < 0 || f.Search > 24*time.Hour:
		return errors.New("--search: write a length of time up to 24h")
	}
	for _, hold := range f.Holds {
		if hold < time.Second || hold > 59*time.Minute || hold%time.Second != 0 {
			return errors.New("--holds: write whole seconds from 1s to 59m")
		}
	}
	return nil
}

// errCut is exit code 1; the report says where in its own words.
var errCut = errReported{errors.New("something cuts waits, or it cannot be told")}

// walk looks at the way to a server.
func (c doctorCmd) walk(ctx context.Context, s streams, p doctor.PathConfig) error {
	shown := newBars(s.err)
	if name := proxySet(); name != "" {
		shown.tell(name + " is set, and not used: phones go straight to the address")
	}
	p.Holds, p.Search, p.Tell, p.Watch = c.Holds, c.Search, shown.tell, shown.watch
	report, err := doctor.RunPath(ctx, p)
	shown.close()
	printed := c.printPath(s.out, report)
	switch {
	case printed != nil:
		return errors.Join(err, printed)
	case err != nil && isTerminal(s.out) && isTerminal(s.err):
		return errReported{err} // the verdict, right above, says it
	case err != nil:
		return err
	}
	if report.Verdict.Side != doctor.SideNone {
		return errCut
	}
	return nil
}

// proxySet is a variable that names a proxy, as other programs use it; "" without one.
func proxySet() string {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

// printPath writes the report as far as it goes.
func (c doctorCmd) printPath(out *os.File, report *doctor.PathReport) error {
	if c.JSON {
		return printJSON(out, report)
	}
	if p := paperOf(out); p.colour {
		return report.Print(p, p.paint)
	}
	return report.Print(out, nil)
}

func printJSON(w io.Writer, report any) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return writeJSON(w, append(text, '\n'))
}

// paint has the verdict green where nothing cuts, yellow where nobody knows, and red else.
func (p paper) paint(side doctor.Side, text string) string {
	said := bad
	switch side {
	case doctor.SideNone:
		said = good
	case doctor.SideUnknown:
		said = warn
	}
	return p.tint(bold+";"+said, text)
}
