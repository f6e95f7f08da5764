package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// judge says what it comes to.
func judge(r *PathReport) Verdict {
	low, high := r.bracket()
	v := r.nothing(low)
	if loud := r.decides(); loud != nil {
		v = r.heard(loud, low)
	} else if high > 0 {
		v = r.silent(low, high)
	}
	if to := r.addresses(); len(to) > 1 {
		v.Notes = append(v.Notes, "the name has several addresses, and waits went to "+strings.Join(to, " and ")+": what is found may be true of one of them only")
	}
	if r.Connect > Span(2*time.Second) {
		v.Notes = append(v.Notes, "it took "+r.Connect.rounded().String()+" to connect, and so it does for phones: look whether each address of the name is alive")
	}
	return v
}

// decides is the loud end that the verdict is about; nil where waits died in silence
// before that time, or nothing was ended.
func (r *PathReport) decides() *Hold {
	low, high := r.bracket()
	loud := r.firstLoud()
	if loud == nil || high > 0 && low < loud.when() {
		return nil
	}
	return loud
}

// nothing is the verdict when nobody was seen to cut.
func (r *PathReport) nothing(low time.Duration) Verdict {
	longest := r.Holds[len(r.Holds)-1]
	silence := briefly(time.Duration(longest.Silence))
	switch {
	case longest.End != endHeld:
		return Verdict{Side: SideUnknown, Low: Span(low), Says: "It cannot be told: the wait of " + silence + " " + longest.whyNot() + "." + known(low)}
	case longest.Silence < longest.Asked:
		return Verdict{Side: SideNone, After: longest.Silence, Low: longest.Silence,
			Says:  fmt.Sprintf("Nothing cuts connections that are silent for up to %s.", silence),
			Notes: []string{fmt.Sprintf("the server takes no wait below %s: it was held with a byte every %s", briefly(time.Duration(longest.Asked)), silence)}}
	}
	return Verdict{Side: SideNone, After: longest.Silence, Low: longest.Silence,
		Says: fmt.Sprintf("Nothing cuts waits of up to %s: they were held to their end.", silence),
		Ways: []string{"if phones lose waits all the same, it is their own network: `diastole advise` names it"}}
}

// known is what was shown all the same.
func known(low time.Duration) string {
	if low < time.Second {
		return ""
	}
	return " Waits of up to " + briefly(low.Round(time.Second)) + " were held."
}

func (h Hold) whyNot() string {
	switch h.End {
	case endMail:
		return "was disturbed by mail again and again; take a quieter mailbox"
	case endGivenUp:
		return "was not held to its end"
	}
	return "was not held (" + h.Says + ")"
}

// addresses are those that waits were connected to.
func (r *PathReport) addresses() (to []string) {
	for _, h := range slices.Concat(r.Holds, r.Search) {
		if h.To != "" && !slices.Contains(to, h.To) {
			to = append(to, h.To)
		}
	}
	return to
}

// low is the longest silence that was survived.
func (r *PathReport) low() time.Duration {
	low, _ := r.bracket()
	return low
}

// loud says whether a wait was ended by somebody who could be heard, and not in time.
func (h Hold) loud() bool {
	switch h.End {
	case endClosed, endReset, endHTTP, endEarly, endLate, endLimit, endStatus, endStrange:
		return true
	}
	return false
}

// when a loud end comes: a limit that is said at once holds from then on.
func (h Hold) when() time.Duration {
	if h.End == endLimit {
		return time.Duration(h.Limit)
	}
	return time.Duration(h.Took)
}

// firstLoud is the earliest loud end; nil without one. Waits with bytes between do not
// count: a server may end those because it does not like the bytes.
func (r *PathReport) firstLoud() (first *Hold) {
	for _, h := range slices.Concat(r.Holds, r.Search) {
		if h.loud() && h.Silence == h.Asked && (first == nil || h.when() < first.when()) {
			first = &h
		}
	}
	return first
}

// silent is the verdict when waits died and nothing was heard.
func (r *PathReport) silent(low, high time.Duration) Verdict {
	v := Verdict{Side: SideClient, After: Span((low + high) / 2).rounded(), Low: Span(low), High: Span(high)}
	if v, once := r.outage(); once {
		return v
	}
	dead := r.firstSilent()
	if r.Control != nil && r.Control.End == endSilent || r.Control == nil && dead.Probe == probeAcked {
		return mute(dead)
	}
	v.Says = fmt.Sprintf("Client side: something between here and the server forgets a connection that is silent for %s, without a word (%s was survived, %s was not).",
		briefly(time.Duration(v.After)), briefly(low), briefly(high))
	switch {
	case r.Control != nil && r.Control.End == endHeld:
		v.Notes = append(v.Notes, fmt.Sprintf("a wait of %s with a byte every %s was answered: it is the silence that kills", briefly(time.Duration(r.Control.Asked)), briefly(time.Duration(r.Control.Silence))))
	case r.Control == nil && dead.Probe == probeNothing:
		v.Notes = append(v.Notes, "it was not proven that it is the silence that kills: allow more time with --search")
	}
	switch dead.Probe {
	case probeReset:
		v.Notes = append(v.Notes, "the next byte is refused: a box that forgets and says so when it is asked, as the Network Load Balancer of AWS does")
	case probeAcked:
		v.Notes = append(v.Notes, "bytes are acknowledged all the same: a box on the way ends TCP itself (a balancer in TCP mode, a carrier's accelerator), and has lost the other half")
	}
	if r.survivedMore(high) {
		v.Notes = append(v.Notes, "a longer wait lived: it does not always happen; look again, perhaps the network changed meanwhile")
	}
	v.Suspects, v.Ways = suspects(endSilent, low, high)
	v.Ways = append(v.Ways, "raise the idle time-out for TCP of the NAT, firewall or balancer in front of the server to an hour: docs/firewall.md names the settings",
		"not sure whose it is? look from another network: what dies only here is in front of you, not of the server", untilThen(low))
	return v
}

// untilThen is what diastole can do about it meanwhile. It takes a margin of 30 s off,
// and asks nobody for less than 60 s, the least that Exchange takes.
func untilThen(low time.Duration) string {
	if low < 90*time.Second {
		return "until then no setting helps: waits cannot be so short"
	}
	return "until then keep waits shorter: policy.firewall_idle: " + briefly(low.Truncate(time.Second))
}

// mute is a wait that gets no answer on a connection that lives.
func mute(dead Hold) Verdict {
	v := Verdict{Side: SideUnknown}
	asked := briefly(time.Duration(dead.Asked))
	if dead.Probe == probeAcked {
		v.Side = SideServer
		v.Says = "Server side: the connection lives, but a wait of " + asked + " gets no answer."
		v.Ways = []string{"look for the request in the server's log: a worker that hangs, or a proxy that has lost the other half and has no time-out"}
		return v
	}
	v.Says = "It cannot be told: a wait of " + asked + " gets no answer, even with bytes between, so it is not the silence."
	v.Ways = []string{"look whether the request is in the server's log, and try again from a machine next to the server"}
	return v
}

func (r *PathReport) firstSilent() (dead Hold) {
	for _, h := range r.Holds {
		if h.End == endSilent {
			return h
		}
	}
	return dead
}

func (r *PathReport) survivedMore(high time.Duration) bool {
	return slices.ContainsFunc(slices.Concat(r.Holds, r.Search), func(h Hold) bool {
		s, ok := h.spoke()
		return ok && s > high
	})
}

// heard is the verdict when somebody ended a wait and could be heard.
func (r *PathReport) heard(h *Hold, low time.Duration) Verdict {
	if v, once := r.accident(h); once {
		return v
	}
	at := h.when()
	v := Verdict{Side: SideServer, After: Span(at).rounded(), Low: Span(min(low, at)), High: Span(at)}
	after := briefly(time.Duration(v.After))
	switch h.End {
	case endHTTP:
		v.Side, v.Says = r.refused(h, after)
	case endClosed:
		v.Says = "Server side: the far end closes the connection (FIN) after " + after + ", without an answer."
	case endReset:
		v.Says = "Server side: the far end resets the connection (RST) after " + after + ", without an answer."
	case endEarly:
		v.Says = fmt.Sprintf("Server side: the server ends a wait of %s early, after %s, as if its time were over (Status 1).", briefly(time.Duration(h.Asked)), after)
	case endLate:
		v.Says = fmt.Sprintf("Server side: the server answers a wait of %s too late, after %s: no phone waits so long.", briefly(time.Duration(h.Asked)), after)
	case endLimit:
		v.Says = "Server side: the server takes no wait above " + after + " (Status 5)."
		v.Notes = append(v.Notes, r.reached(at, low))
	case endStatus:
		v.Side = SideUnknown
		v.Says = fmt.Sprintf("It cannot be told: the server answers a wait of %s with %s, after %s. That is its own trouble, and not the way's.", briefly(time.Duration(h.Asked)), visible(h.Says), after)
		v.Ways = []string{"look for it in the server's log; a second doctor at the same mailbox, at the same time, does this too"}
		return v
	default:
		v.Side = SideUnknown
		v.Says = fmt.Sprintf("It cannot be told: a wait of %s brought something that is no answer of ActiveSync, after %s: %s.", briefly(time.Duration(h.Asked)), after, visible(h.Says))
	}
	if h.End == endHTTP && h.atOnce() {
		return v // a refusal: no time-out is to be raised
	}
	if h.By != "" && v.Side == SideProxy {
		v.Notes = append(v.Notes, "who says so calls itself "+visible(h.By))
	}
	if note := r.repeated(h); note != "" {
		v.Notes = append(v.Notes, note)
	}
	if times := r.timesOf(h.End); len(times) > 1 {
		v.Notes = append(v.Notes, "not always after the same time: "+strings.Join(times, ", "))
	}
	v.Suspects, v.Ways = suspects(h.End, at, at)
	v.Ways = append(v.Ways, generalWays[h.End]...)
	return v
}

// refused tells a time-out from a refusal.
func (r *PathReport) refused(h *Hold, after string) (Side, string) {
	switch {
	case h.atOnce():
		return SideUnknown, "It cannot be told: the wait is refused at once with " + visible(h.Says) + meaningOf(h.HTTP) + "."
	case impatient(h.HTTP):
		return SideProxy, "Server side: a proxy in front of the server loses its patience after " + after + " and answers " + visible(h.Says) + "."
	}
	return SideServer, "Server side: the server, or something in front of it, answers " + visible(h.Says) + " after " + after + meaningOf(h.HTTP) + "."
}

// impatient are the codes by which proxies say that they do not wait any longer (RFC
// 9110 15.5.9, 15.6.3 to 15.6.5); those from 520 on are Cloudflare's.
func impatient(code int) bool {
	return code == 408 || code >= 502 && code <= 504 || code >= 520 && code <= 527
}

// timesOf are the different times after which waits came to the same end, if they lie
// apart.
func (r *PathReport) timesOf(end End) (times []string) {
	var last time.Duration
	for _, h := range r.Holds {
		if h.End == end && (last == 0 || (h.when()-last).Abs() > 5*time.Second) {
			last = h.when()
			times = append(times, briefly(time.Duration(Span(last).rounded())))
		}
	}
	return times
}
