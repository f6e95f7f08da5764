package main

import "fmt"

// checkCmd reads the configuration as serve would and prints what came of it.
type checkCmd struct{ settings }

// Help is shown by `diastole check --help`.
func (checkCmd) Help() string {
	return `Prints the effective configuration and exits with 0, or prints the one mistake, with its place in the file and the way out, and exits with 1. Nothing is started and no port is opened.

What it prints is a configuration file itself, so this is a way to begin one:

  diastole check --upstream https://exchange.internal > diastole.yaml`
}

// Run is the command.
func (c checkCmd) Run(s streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if err := cfg.Write(s.out); err != nil {
		return fmt.Errorf("printing the configuration: %w", err)
	}
	return nil
}
