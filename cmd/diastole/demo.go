package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// demoCmd runs the proxy in a world of its own.
type demoCmd struct {
	For      time.Duration `placeholder:"DURATION" help:"End after this time with a summary. Otherwise Ctrl-C ends it."`
	Mail     time.Duration `default:"5s" placeholder:"DURATION" help:"How often a mail is delivered to somebody (default ${default})."`
	Listen   string        `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Where phones connect (default: a free port of 127.0.0.1)."`
	Admin    string        `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Health and metrics (default: a free port of 127.0.0.1)."`
	Upstream string        `placeholder:"URL" help:"Stand in front of this real server instead. Then nothing is simulated."`
}

// Help is shown by "diastole demo --help".
func (demoCmd) Help() string {
	return `An ActiveSync server in memory, the proxy in front of it, and twelve phones behind three firewalls that forget idle connections. All of them live sixty times faster than real ones: what they call a minute takes a second, and whatever the dashboard, the API and the other commands say of them is in their time.

On a terminal it shows a table; otherwise it prints one JSON object a line for each wait that ended and each mail that arrived.`
}

// Validate refuses times that make no sense.
func (c demoCmd) Validate() error {
	switch {
	case c.For < 0 || c.Mail <= 0:
		return errors.New("--for and --mail want a time above zero, like 30s")
	case c.For > 0 && c.Upstream != "":
		return errors.New("--for belongs to the simulation: leave it out with --upstream")
	}
	return nil
}

// Run is the command.
func (c demoCmd) Run(s streams) error {
	if c.Upstream != "" {
		return serveCmd{settings{Upstream: c.Upstream, Listen: c.Listen, Admin: c.Admin}}.Run(s)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)

	scene, err := newScene(c, isTerminal(s.out), s.err)
	if err != nil {
		return err
	}
	view := newView(s.out, scene)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	scene.start(ctx, view)
	var over <-chan time.Time
	if c.For > 0 {
		over = time.After(c.For)
	}
	select {
	case <-signals:
	case <-over:
	case <-scene.proxyDone:
	}
	scene.stop(cancel)
	view.end()
	return scene.proxyErr
}
