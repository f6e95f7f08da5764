package main

import (
	"fmt"

	"github.com/diastole/diastole/internal/admin"
)

// enoughDevices is how many must have died before a limit is believed in.
const enoughDevices = 3

// sentence says in plain words what is known of a network and what is or could be
// done, to be read behind its name.
func sentence(n admin.Network, p admin.Policy) string {
	text := evidence(n)
	if n.Advice > 0 {
		text = fmt.Sprintf("forgets after about %s: %s", interval(n.Limit), held(n, p))
	} else if n.Kept > 0 {
		text += fmt.Sprintf("; waits are kept at %s by %s", interval(n.Kept), ruleOf(n))
	}
	if n.Event1040 {
		text += fmt.Sprintf("; Exchange would raise event 1040, as phones ask for %s on average", interval(n.MeanAsked))
	}
	return text
}

// evidence is about a network without a limit that would be believed in.
func evidence(n admin.Network) string {
	switch {
	case n.Died == 0 && n.Survived == 0:
		return "has shown nothing yet: not enough evidence"
	case n.Died == 0:
		return fmt.Sprintf("has lost none of %s: nothing speaks against longer ones", waits(n.Survived))
	case n.Devices < enoughDevices:
		return fmt.Sprintf("has lost %s, of %d of the %d devices that are needed lately: not enough evidence yet", waits(n.Died), n.Devices, enoughDevices)
	}
	return fmt.Sprintf("loses waits (%d of %d), but not more of long ones than of short ones: no limit is to be seen", n.Died, n.Died+n.Survived)
}

// shortestKept is the least that learning lowers anybody to: below it Exchange
// itself says no.
const shortestKept = 60

// held is what is done about a limit.
func held(n admin.Network, p admin.Policy) string {
	switch {
	case n.Advice < shortestKept:
		return fmt.Sprintf("no server allows waits that short, so raise its time-out; %s", keeping(n, p))
	case n.Kept > n.Advice:
		return fmt.Sprintf("waits should be kept at %s, but %s allows %s; %s", interval(n.Advice), ruleOf(n), interval(n.Kept), remedy(p))
	}
	return keeping(n, p)
}

func keeping(n admin.Network, p admin.Policy) string {
	switch {
	case n.Kept > 0 && n.Kept < n.Advice:
		return fmt.Sprintf("waits are kept at %s by %s, so it does not matter; %s would be safe here", interval(n.Kept), ruleOf(n), interval(n.Advice))
	case n.Kept > 0:
		return fmt.Sprintf("waits are kept at %s", interval(n.Kept))
	case n.Would > 0:
		return fmt.Sprintf("waits would be kept at %s, but nothing is done; %s", interval(n.Would), remedy(p))
	}
	return fmt.Sprintf("waits should be kept at %s; %s", interval(n.Advice), remedy(p))
}

// remedy names the key that keeps a limit from being held to.
func remedy(p admin.Policy) string {
	if p.Mode != "enforce" {
		return "set policy.mode: enforce"
	}
	return "set policy.learn: enforce"
}

func ruleOf(n admin.Network) string {
	if n.Rule == "default" {
		return "policy.firewall_idle"
	}
	return "the rule " + harmless(n.Rule)
}

func waits(n int) string {
	if n == 1 {
		return "1 wait"
	}
	return fmt.Sprintf("%d waits", n)
}
