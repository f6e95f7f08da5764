package main

import (
	"bytes"
	"fmt"
	"net/http"
)

// healthCmd is for containers, which have nothing else in them that could ask.
type healthCmd struct {
	Live bool `help:"Only whether the process can answer, not whether new phones may come."`
	adminAt
}

// Help is shown by `diastole health --help`.
func (healthCmd) Help() string {
	return `Asks /readyz of a running diastole, or /livez with --live. Exit code 0: it is well. 1: it is not, for the reason that is printed, or nobody answers.

In a container: HEALTHCHECK CMD ["/diastole", "health"]. In Kubernetes: as the exec of a probe, because the admin listener wants a token off loopback and a kubelet has none.`
}

// Run is the command.
func (c healthCmd) Run(s streams) error {
	path := "/readyz"
	if c.Live {
		path = "/livez"
	}
	said, err := c.send(http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, harmless(string(bytes.TrimSpace(said))))
	return err
}
