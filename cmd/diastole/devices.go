package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/diastole/diastole/internal/admin"
)

// devicesCmd shows how the negotiation of each device stands.
type devicesCmd struct {
	Search string `arg:"" optional:"" help:"Only devices with this in the user's name, the id or the type."`
	Limit  int    `default:"50" placeholder:"N" help:"How many at most, those heard of last first (default ${default}, at most 1000)."`
	adminFlags
}

// Help is shown by `diastole devices --help`.
func (devicesCmd) Help() string {
	return `Asks the admin listener of a running diastole. Users are written as in its log (log.users), but a search finds their plain names too, and a device by how the log writes it.

ASKED is what the device asks for now; GIVEN what its last wait was allowed. STATE is how far it has found what its way survives. LAST WAITS, newest first: how they ended, after how long, and whether the answer is known to have arrived (confirmed or acked) or not (lost).`
}

// Validate refuses what the API would.
func (c devicesCmd) Validate() error { return checkLimit(c.Limit) }

func checkLimit(n int) error {
	if n < 1 || n > admin.MaxItems {
		return fmt.Errorf("--limit wants a number from 1 to %d", admin.MaxItems)
	}
	return nil
}

// Run is the command.
func (c devicesCmd) Run(s streams) error {
	var page admin.DevicesPage
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}, "q": {c.Search}}
	printed, err := c.ask(s.out, "/api/v1/devices", query, &page)
	if printed || err != nil {
		return err
	}
	if err := c.print(s.out, page); err != nil {
		return fmt.Errorf("printing devices: %w", err)
	}
	return nil
}

func (c devicesCmd) print(w io.Writer, page admin.DevicesPage) (err error) {
	switch {
	case len(page.Devices) == 0 && c.Search != "":
		_, err = fmt.Fprintf(w, "no device has %s in its user, id or type\n", strconv.Quote(c.Search))
		return err
	case len(page.Devices) == 0:
		_, err = fmt.Fprintln(w, "no device has asked to wait yet")
		return err
	}
	rows := [][]string{{"USER", "DEVICE", "TYPE", "NETWORK", "ASKED", "GIVEN", "LADDER", "STATE", "LAST WAITS", "SEEN"}}
	for _, d := range page.Devices {
		rows = append(rows, []string{d.User, d.Device, d.Type, networkName(d.Network, d.HTTP),
			interval(d.Asked), interval(d.Given), d.Ladder, stateOf(d), lastWaits(d.Waits), seen(d.Seen)})
	}
	if err := printColumns(w, rows); err != nil {
		return err
	}
	if page.More {
		_, err = fmt.Fprintf(w, "\nthere are more: narrow the search, or raise --limit (at most %d)\n", admin.MaxItems)
	}
	return err
}

func stateOf(d admin.Device) string {
	if d.Deaf {
		return d.State + ", deaf to limits"
	}
	return d.State
}

// shownWaits is how many of its last waits fit into a device's line.
const shownWaits = 3

func lastWaits(waits []admin.Wait) string {
	var words []string
	for _, w := range waits[:min(len(waits), shownWaits)] {
		word := w.Outcome + " " + interval(w.Held)
		if w.Proof != "unknown" {
			word += " " + w.Proof
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// interval writes seconds as people say them, "-" for none.
func interval(seconds float64) string {
	if seconds <= 0 {
		return "-"
	}
	return span(time.Duration(seconds * float64(time.Second)))
}

func seen(when string) string {
	t, err := time.Parse(time.RFC3339, when)
	if err != nil {
		return when
	}
	return t.Local().Format(time.DateTime)
}

// networkName tells the two networks apart that one name stands for.
func networkName(name string, http int) string {
	if http == 2 {
		return name + " (HTTP/2)"
	}
	return name
}

// widest is how much of a cell is shown. Devices choose their names: one that is a
// line long would push everybody's columns off the screen.
const widest = 80

func printColumns(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = shown(cell)
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

func shown(cell string) string {
	cell = harmless(cell)
	if cell == "" {
		return "-"
	}
	if letters := []rune(cell); len(letters) > widest {
		return string(letters[:widest-1]) + "…"
	}
	return cell
}
