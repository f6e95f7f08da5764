package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
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
	if err := c.print(paperOf(s.out), page); err != nil {
		return fmt.Errorf("printing devices: %w", err)
	}
	return nil
}

var deviceColumns = []column{{head: "USER"}, {head: "DEVICE"}, {head: "TYPE", spare: true}, {head: "NETWORK", spare: true}, {head: "ASKED", figure: true},
	{head: "GIVEN", figure: true, spare: true}, {head: "LADDER", spare: true}, {head: "STATE"}, {head: "SEEN", spare: true}, {head: "LAST WAITS"}}

func (c devicesCmd) print(p paper, page admin.DevicesPage) (err error) {
	switch {
	case len(page.Devices) == 0 && c.Search != "":
		_, err = fmt.Fprintf(p, "no device has %s in its user, id or type\n", strconv.Quote(c.Search))
		return err
	case len(page.Devices) == 0:
		_, err = fmt.Fprintln(p, "no device has asked to wait yet")
		return err
	}
	var rows [][]cell
	for _, d := range page.Devices {
		row := words(d.User, d.Device, d.Type, networkName(d.Network, d.HTTP), interval(d.Asked), interval(d.Given), d.Ladder, stateOf(d), seen(d.Seen, time.Now()), lastWaits(d.Waits))
		row[len(row)-3].tone, row[len(row)-1].tone = toneOf(d), toneOfWaits(d.Waits)
		rows = append(rows, row)
	}
	if err := p.printTable(deviceColumns, rows); err != nil {
		return err
	}
	if page.More {
		_, err = fmt.Fprintf(p, "\nthere are more: narrow the search, or raise --limit (at most %d)\n", admin.MaxItems)
	}
	return err
}

func stateOf(d admin.Device) string {
	if d.Deaf {
		return d.State + ", deaf to limits"
	}
	return d.State
}

// toneOf is warn for a device that somebody should look at.
func toneOf(d admin.Device) tone {
	switch {
	case d.Deaf || strings.HasPrefix(d.State, "fallen") || strings.HasPrefix(d.State, "oscillating"):
		return warn
	case strings.HasPrefix(d.State, "settled"):
		return good
	}
	return plain
}

// toneOfWaits is bad where the last answer is not known to have arrived.
func toneOfWaits(waits []admin.Wait) tone {
	if len(waits) > 0 && (waits[0].Outcome == "silent" || waits[0].Proof == "lost") {
		return bad
	}
	return plain
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

// seen is a time of day today, and a date before.
func seen(when string, now time.Time) string {
	t, err := time.Parse(time.RFC3339, when)
	if err != nil {
		return when
	}
	if t, now = t.Local(), now.Local(); t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format("2006-01-02 15:04")
}

// networkName tells the two networks apart that one name stands for.
func networkName(name string, http int) string {
	if http == 2 {
		return name + " (HTTP/2)"
	}
	return name
}
