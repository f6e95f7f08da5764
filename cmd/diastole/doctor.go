package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/diastole/diastole/internal/doctor"
)

// doctorCmd looks a server over, or the way to it.
type doctorCmd struct {
	Upstream     string        `placeholder:"URL" help:"The ActiveSync server, as in upstream.url: what is it, and what fits it?"`
	URL          string        `name:"url" placeholder:"URL" help:"The address that phones have: does something on the way cut waits, and where?"`
	User         string        `required:"" placeholder:"U" help:"A user with a mailbox, as a phone would name it."`
	PasswordFile string        `required:"" placeholder:"FILE" help:"A file with the user's password."`
	CA           string        `name:"ca" placeholder:"FILE" help:"Certificates to trust instead of the system's, PEM."`
	Address      string        `placeholder:"U@D" help:"With --upstream: where a mail to this user goes, if the user's name is not that."`
	Wait         time.Duration `default:"60s" placeholder:"TIME" help:"With --upstream: how long the waiting request is, 5s to 59m (default ${default})."`
	Load         int           `placeholder:"N" help:"With --upstream: try how many waits at once make the server slow, at most 32. Not on a server that others need now."`
	pathFlags
	JSON bool `name:"json" help:"Print the report as JSON."`
}

// Help is shown by `diastole doctor --help`.
func (doctorCmd) Help() string {
	return `With --upstream: proves which profile, way of holding and check fit a server: what it calls itself, whether it holds a waiting request, what a short one costs, and whether its answers about changes are true. It takes two to three minutes, and a minute more for each wait that mail disturbs. Two devices, DiastoleDoctor1 and 2, appear in the server's list of the user's devices, and more with --load. A mail is sent from the user to itself and deleted again; without an address the newest mail of the last week is marked as read or unread, and back. Everything is said on standard error before it is done, and Ctrl-C puts it right too.

With --url: looks at TLS, OPTIONS, FolderSync and Sync, holds waits of different lengths at once, and says which side cuts them and after how long. It takes as long as the longest wait, and up to --search more if waits are cut: to find the exact figure, or to see it happen twice. Run it where phones are: what it finds is true of the way from there. Up to nine devices, DiastoleDoctor1 to 9, appear in the user's list; the mailbox is only read.

Exit codes: 0 what is recommended was proven, or nothing cuts; 1 it cannot be told, or something cuts, or an error; 2 a command line that makes no sense.`
}

// Validate refuses what cannot be meant.
func (c doctorCmd) Validate() error {
	if (c.Upstream == "") == (c.URL == "") {
		return errors.New("give --upstream URL (which settings fit the server) or --url URL (what cuts on the way to it)")
	}
	flag, address := "--upstream", c.Upstream
	if c.URL != "" {
		flag, address = "--url", c.URL
	}
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.User != nil:
		return fmt.Errorf("%s: write the server's address, for example https://%s", flag, map[string]string{"--upstream": "exchange.internal", "--url": "mail.example.com"}[flag])
	case c.CA != "" && u.Scheme != "https":
		return fmt.Errorf("--ca: no certificate is ever checked, because %s begins with http://", flag)
	case c.Load < 0 || c.Load > doctor.MostLoad:
		return fmt.Errorf("--load: write a number from 0 to %d", doctor.MostLoad)
	case c.Wait < 5*time.Second || c.Wait > 59*time.Minute:
		return errors.New("--wait: write a length of time from 5s to 59m")
	case c.URL != "" && (c.Load > 0 || c.Address != ""):
		return errors.New("--load and --address go with --upstream")
	}
	return c.pathFlags.validate(c.URL != "")
}

// errUnsure is exit code 1; the report says why in its own words.
var errUnsure = errReported{errors.New("what fits cannot be told for sure")}

// Run is the command.
func (c doctorCmd) Run(s streams) error {
	password, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return fmt.Errorf("--password-file: %w", err)
	}
	security, err := trusting("--ca", c.CA)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if c.URL != "" {
		return c.walk(ctx, s, doctor.PathConfig{URL: c.URL, User: c.User, Password: string(bytes.TrimRight(password, "\r\n")), TLS: security})
	}
	began := time.Now()
	report, err := doctor.Run(ctx, doctor.Config{
		URL: c.Upstream, User: c.User, Password: string(bytes.TrimRight(password, "\r\n")), Address: c.Address,
		Wait: c.Wait, Load: c.Load, TLS: security,
		Tell: func(line string) { fmt.Fprintf(s.err, "%6s  %s\n", time.Since(began).Round(time.Second), line) },
	})
	if printed := c.print(s, report, err); err != nil || printed != nil {
		return errors.Join(err, printed)
	}
	if !report.Advice.Fits {
		return errUnsure
	}
	return nil
}

// print writes the report: for scripts always, as far as it goes; for people if it is whole.
func (c doctorCmd) print(s streams, report *doctor.Report, failed error) error {
	switch {
	case c.JSON:
		return printJSON(s.out, report)
	case failed != nil:
		return nil
	}
	fmt.Fprintln(s.err)
	return report.Print(s.out)
}
