package main

import (
	"errors"

	"github.com/diastole/diastole/internal/config"
)

// settings are the flags that say how to run: a file, or the few settings that a
// first try needs. Not both: with two sources nobody can tell which one counts.
type settings struct {
	Config   string `short:"c" placeholder:"FILE" help:"Configuration file (YAML). docs/configuration.md explains its keys."`
	Upstream string `placeholder:"URL" help:"Instead of a file: the ActiveSync server to stand in front of, http:// or https://."`
	Listen   string `placeholder:"HOST:PORT" help:"With --upstream: where phones connect (default ${listen})."`
	Cert     string `placeholder:"FILE" and:"pair" help:"With --upstream: certificate and chain, PEM. Without one a self-signed certificate is made."`
	Key      string `placeholder:"FILE" and:"pair" help:"With --upstream: the certificate's private key, PEM."`
	Admin    string `placeholder:"HOST:PORT" help:"With --upstream: health and metrics (default ${admin}); off for none."`
}

// Validate refuses combinations that say two things, or nothing.
func (s settings) Validate() error {
	switch {
	case s.Config == "" && s.Upstream == "":
		return errors.New("give --config FILE or --upstream URL")
	case s.Config != "" && (s.Upstream != "" || s.Listen != "" || s.Cert != "" || s.Key != "" || s.Admin != ""):
		return errors.New("with --config FILE everything else belongs into the file")
	}
	return nil
}

// source is where the configuration comes from, for the log.
func (s settings) source() string {
	if s.Config != "" {
		return s.Config
	}
	return "command line"
}

func (s settings) load() (*config.Config, error) {
	if s.Config != "" {
		return config.Load(s.Config)
	}
	var flags []config.Flag
	for _, f := range []config.Flag{
		{Name: "--upstream", Key: "upstream.url", Text: s.Upstream},
		{Name: "--listen", Key: "listen", Text: s.Listen},
		{Name: "--cert", Key: "tls.cert", Text: s.Cert},
		{Name: "--key", Key: "tls.key", Text: s.Key},
		{Name: "--admin", Key: "admin.listen", Text: s.Admin},
	} {
		if f.Text != "" {
			flags = append(flags, f)
		}
	}
	return config.FromFlags(flags...)
}
