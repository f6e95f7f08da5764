package main

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/diastole/diastole/internal/admin"
)

// adviseCmd is the tuning report.
type adviseCmd struct {
	Search string `arg:"" optional:"" help:"Only networks with this in the name."`
	Limit  int    `default:"50" placeholder:"N" help:"How many at most, those heard of last first (default ${default}, at most 1000)."`
	adminFlags
}

// Help is shown by `diastole advise --help`.
func (adviseCmd) Help() string {
	return `Asks the admin listener of a running diastole what it has learned of the networks that phones come from: a name of policy.networks, otherwise a /24 or /48.

SURVIVED and DIED are waits that told something, DEVICES the different ones that died lately (three are needed before anybody is limited). LIMIT is the silence after which the network forgets a connection, with the interval in which it lies with 90 %. ADVICE is what a wait should be at most, policy.margin taken off. MEAN ASKED is of the last 200 intervals; EVENT 1040 says whether Exchange would warn of it (540 s or less). docs/firewall.md tells what to do with it.`
}

// Validate refuses what the API would.
func (c adviseCmd) Validate() error { return checkLimit(c.Limit) }

// Run is the command.
func (c adviseCmd) Run(s streams) error {
	var page admin.NetworksPage
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}, "q": {c.Search}}
	printed, err := c.ask(s.out, "/api/v1/networks", query, &page)
	if printed || err != nil {
		return err
	}
	if err := c.print(paperOf(s.out), page); err != nil {
		return fmt.Errorf("printing advice: %w", err)
	}
	return nil
}

var networkColumns = []column{{head: "NETWORK"}, {head: "HTTP", figure: true, spare: true}, {head: "SURVIVED", figure: true}, {head: "DIED", figure: true},
	{head: "DEVICES", figure: true, spare: true}, {head: "LIMIT"}, {head: "ADVICE", figure: true}, {head: "MEAN ASKED", figure: true}, {head: "EVENT 1040"}}

func (c adviseCmd) print(w paper, page admin.NetworksPage) error {
	p := page.Policy
	fmt.Fprintf(w, "policy: mode %s, learn %s, firewall_idle %s, margin %s\n\n", p.Mode, p.Learn, known(p.FirewallIdle), interval(p.Margin))
	if len(page.Networks) == 0 {
		nothing := "no phone has asked to wait yet: there is nothing to say"
		if c.Search != "" {
			nothing = "no network has " + strconv.Quote(c.Search) + " in its name"
		}
		_, err := fmt.Fprintln(w, nothing)
		return err
	}
	var rows [][]cell
	for _, n := range page.Networks {
		row := words(n.Name, strconv.Itoa(n.HTTP), strconv.Itoa(n.Survived), strconv.Itoa(n.Died), strconv.Itoa(n.Devices),
			limitOf(n), interval(n.Advice), interval(n.MeanAsked), eventOf(n))
		if n.Event1040 {
			row[len(row)-1].tone = warn
		}
		rows = append(rows, row)
	}
	if err := w.printTable(networkColumns, rows); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, n := range page.Networks {
		if _, err := fmt.Fprintf(w, "%s %s.\n", shown(networkName(n.Name, n.HTTP)), sentence(n, p)); err != nil {
			return err
		}
	}
	if page.More {
		_, err := fmt.Fprintf(w, "\nthere are more: narrow the search, or raise --limit (at most %d)\n", admin.MaxItems)
		return err
	}
	return nil
}

func known(seconds float64) string {
	if seconds == 0 {
		return "not known"
	}
	return interval(seconds)
}

// noLimit is the top of what is told apart: it stands for any more.
const noLimit = float64(time.Hour / time.Second)

// limitOf is the limit with its interval, as far as anything is known of it.
func limitOf(n admin.Network) string {
	switch {
	case n.Survived+n.Died == 0:
		return "-"
	case n.High >= noLimit:
		return "above " + interval(n.Low)
	}
	return fmt.Sprintf("%s (%s to %s)", interval(n.Limit), interval(n.Low), interval(n.High))
}

func eventOf(n admin.Network) string {
	switch {
	case n.MeanAsked == 0:
		return "-"
	case n.Event1040:
		return "yes"
	}
	return "no"
}
