package proxy

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/proxy/shield"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// attempt is a request as the shield sees it: who tries to sign in, from where, with what.
// The names in it are claimed.
type attempt struct {
	device     watch.Device // without an id where the request names none
	from       netip.Addr
	host       string
	sync       bool // it is ActiveSync
	signsIn    bool // it has a password, or the like, that can be told from another
	who        shield.ID
	credential shield.ID
	pair       shield.ID // who with what, and where
	address    shield.ID // whose failures count together
	aimed      shield.ID // who is tried from where
	known      bool      // the server has taken this device before
}

// attempt finds out who asks. NTLM and Negotiate are left out: their first 401 is a part of
// signing in, and no two of their messages are equal, so that nobody can tell an old
// password from a guess (MS-NTHT 3.1.5, RFC 4559 5). So are tokens: they expire every hour,
// which is a 401, and nobody guesses them (RFC 6750 3.1).
func (p *Proxy) attempt(r *http.Request, query eas.Envelope) (a attempt) {
	a.sync, a.from, a.host = eas.IsActiveSync(r.URL.Path), p.clientAddress(r), r.Host
	a.signsIn = guessable(r)
	named := false
	if a.device, named = device(r, query); a.sync && named {
		a.known = p.memory.Known(a.device)
	} else {
		a.device.ID, a.device.Type = "", ""
	}
	a.credential = shield.ID(p.credentials(r))
	// What is accepted in one place says nothing of any other: a server may answer a
	// picture, or OPTIONS, without a look at the password.
	place := r.Method
	if !a.sync {
		place += " " + r.URL.Path
	}
	a.address = p.id("address", subscriber(a.from).String())
	a.who = p.id("user", a.device.Principal, subscriber(a.from).String())
	if a.device.ID != "" {
		a.who = p.id("device", a.device.Principal, a.device.ID, a.device.Type)
	}
	a.aimed = p.id("aimed", string(a.who[:]), subscriber(a.from).String())
	if a.known { // whoever signed in from there is not kept out by strangers there
		a.address = p.id("known", string(a.who[:]), subscriber(a.from).String())
	}
	a.pair = p.id(place, string(a.who[:]), string(a.credential[:]))
	return a
}

// guessable tells whether there is a password among what a request signs in with. A line
// that names Basic beside another scheme is none of that scheme: which of them a server
// takes is its own affair, and one word more would lead past every limit.
func guessable(r *http.Request) bool {
	for _, line := range r.Header["Authorization"] {
		words := strings.FieldsFunc(line, endsWord)
		if len(words) == 0 || !isScheme(words[0], "Bearer") && !isScheme(words[0], connectionSchemes...) {
			return true
		}
		for _, word := range words {
			if isScheme(word, "Basic") {
				return true
			}
		}
	}
	return false
}

func isScheme(word string, schemes ...string) bool {
	return slices.ContainsFunc(schemes, func(scheme string) bool { return strings.EqualFold(word, scheme) })
}

// id makes an ID of names; the first says what it is of.
func (p *Proxy) id(names ...string) shield.ID {
	parts := make([][]byte, len(names))
	for i, name := range names {
		parts[i] = []byte(name)
	}
	return shield.ID(p.secret.digest(parts...))
}

// attemptOf is the attempt of a request that was let through, for its answer; nil where
// nobody wants to know.
func (p *Proxy) attemptOf(r *http.Request) *attempt {
	if p.guard.Load() == nil {
		return nil
	}
	query, _ := envelope(r)
	a := p.attempt(r, query)
	// A wait keeps it, and must not keep the request's head for what is cut out of it.
	a.device.ID, a.device.Type, a.host = strings.Clone(a.device.ID), strings.Clone(a.device.Type), strings.Clone(a.host)
	return &a
}

// told takes in what the server has answered to an attempt; nil: nothing.
func (p *Proxy) told(a *attempt, answer *upstream.Response) {
	g := p.guard.Load()
	switch {
	case g == nil || a == nil || !a.signsIn:
	case answer == nil:
		g.passwords.Answered(a.who, a.credential)
	case answer.Status == http.StatusUnauthorized:
		p.refused(g, a)
		g.keepChallenge(a, answer)
	case isSyncDocument(answer), !a.sync && answer.Status < http.StatusBadRequest:
		g.passwords.Accepted(a.who, a.credential)
		g.regulars.Add(a.pair)
	default: // 403, 449, 5xx: it says nothing of the password
		g.passwords.Answered(a.who, a.credential)
	}
}

// The kinds of refused logins, for logs and metrics. deploy/fail2ban reads them.
const (
	kindStale = "stale" // the same as before: an old phone with an old password
	kindKnown = "known" // a new one, of somebody whom the server has taken before: a slip, or a changed password
	kindGuess = "guess" // a new one, of a stranger
)

// refused counts and logs a login that the server has refused.
func (p *Proxy) refused(g *guard, a *attempt) {
	now, kind := time.Now(), kindGuess
	again := g.passwords.Refused(now, a.who, a.credential)
	was := g.regulars.Remove(a.pair)
	switch {
	case again:
		kind = kindStale
	case was || a.known:
		kind = kindKnown
	}
	p.config.Metrics.loginsRefused.WithLabelValues(kind).Inc()
	// These three fields come first, in this order: deploy/fail2ban/filter.d reads them.
	// What a client chooses comes after them, and in quotes that it cannot leave.
	p.config.Log.Info("login refused", zap.String("kind", kind), zap.String("client", a.from.String()),
		zap.String("user", p.named(a.device.Principal)), zap.String("device", p.named(a.device.ID)))
	if g.failures == nil || again || was { // who was let in before does not guess
		return
	}
	if g.failures.Charge(now, a.address) {
		p.config.Metrics.addressesLimited.Inc()
		p.config.Log.Warn("too many refused logins from one address, new ones are answered 503",
			zap.String("client", subscriber(a.from).String()), zap.Int("failures_per_minute", g.Failures))
	}
}
