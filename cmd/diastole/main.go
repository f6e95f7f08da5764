// Command diastole is a reverse proxy that makes ActiveSync push work on the
// mail server behind it. `diastole --help` lists its commands.
//
// This package parses the command line and wires the others together; it decides
// nothing about ActiveSync. Each command has a file of its own.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/diastole/diastole/internal/config"
)

// Exit codes. They are promised in --help.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

const description = `A reverse proxy that makes ActiveSync push work on the mail server behind it.

Exit codes: 0 all is well; 1 an error in the configuration, in the input or while running; 2 a command line that makes no sense.`

// commands are all that can follow `diastole`.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Run the proxy."`
	Check   checkCmd   `cmd:"" help:"Check a configuration and print it with all defaults filled in."`
	Demo    demoCmd    `cmd:"" help:"Watch the proxy at work: a mail server, phones and forgetful firewalls in memory."`
	Devices devicesCmd `cmd:"" help:"Show what each phone asks for and how its waits end, from a running diastole."`
	Advise  adviseCmd  `cmd:"" help:"Show what each network survives and what to set, from a running diastole."`
	Health  healthCmd  `cmd:"" help:"Say whether a running diastole is well, by its exit code."`
	Whois   whoisCmd   `cmd:"" help:"Show how a user or a device is written in the log, and the user's devices, from a running diastole."`
	Forget  forgetCmd  `cmd:"" help:"Forget all that is known of a user, in a running diastole."`
	Doctor  doctorCmd  `cmd:"" help:"Find out what server this is and prove which settings fit it."`
	Decode  decodeCmd  `cmd:"" help:"Print a WBXML document or an ActiveSync query so that people can read it."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// streams are the three files every process has.
type streams struct {
	in       io.Reader
	out, err *os.File
}

func main() { os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})) }

// run is one command from its arguments to its exit code.
func run(args []string, s streams) int {
	parser, err := kong.New(&commands{},
		kong.Name("diastole"),
		kong.Description(description),
		kong.Writers(s.out, s.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"listen": config.Default().Listen, "admin": config.Default().Admin.Listen},
		kong.Bind(s),
	)
	if err != nil {
		panic(err) // the tags above are wrong
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(s.err, "diastole: %v (see %s --help)\n", err, commandOf(err))
		return exitUsage
	}
	if err := chosen.Run(); err != nil {
		report(s.err, err)
		return exitError
	}
	return exitOK
}

// commandOf is the command that a mistake was made in: its help is the one to read.
func commandOf(err error) string {
	var e *kong.ParseError
	if errors.As(err, &e) && e.Context != nil && e.Context.Selected() != nil {
		return e.Context.Selected().FullPath()
	}
	return "diastole"
}

// errReported is an error that stands in the log already.
type errReported struct{ error }

func (e errReported) Unwrap() error { return e.error }

// report writes the one line that a person reads before the prompt. A mistake in
// a file begins with its place and nothing else, which editors jump to.
func report(w io.Writer, err error) {
	var mistake *config.Error
	var reported errReported
	switch {
	case errors.As(err, &reported):
	case errors.As(err, &mistake):
		fmt.Fprintln(w, mistake)
	default:
		fmt.Fprintf(w, "diastole: %v\n", err)
	}
}
