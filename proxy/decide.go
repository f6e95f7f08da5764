package proxy

import (
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/policy"
	"github.com/diastole/diastole/wbxml/eas"
)

// decision is what holds for one request of a device: the policy's word, and the
// network that it comes from.
type decision struct {
	policy.Decision
	network heartbeat.Network
	known   bool // the network has a configured name
}

// decide asks the policy. It looks at what the request claims: a rule may deny,
// and that has to come before any password reaches the server.
func (p *Proxy) decide(r *http.Request, query eas.Envelope) decision {
	network, name := p.cameFrom(r)
	return decision{
		Decision: p.settings.Load().Policy.Decide(policy.Asker{
			Network:    name,
			DeviceType: query.DeviceType,
			UserAgent:  r.UserAgent(),
			User:       principal(r),
			Device:     query.DeviceKey(),
		}),
		network: network,
		known:   name != "",
	}
}

// cameFrom is the network of a request, and its configured name, "" where it has none.
func (p *Proxy) cameFrom(r *http.Request) (n heartbeat.Network, name string) {
	addr := p.clientAddress(r)
	name = p.settings.Load().Policy.Network(addr)
	return heartbeat.NetworkOf(addr, name, r.ProtoMajor == 2), name
}

// given is what a wait may have of what it asked.
type given struct {
	decision
	advice  time.Duration // what was learned; 0: nothing to say
	goes    time.Duration // what goes up: what was asked, or less
	clamped bool
	would   time.Duration // what would go up if all that is only observed were enforced
}

// give settles the interval of a wait: never above what was asked, and what is
// not understood is not touched.
func (p *Proxy) give(now time.Time, a ask, d decision) *wait {
	g := &wait{ask: a, given: given{decision: d, goes: a.interval, would: a.interval}, began: now}
	if a.interval <= 0 || a.form == "unread" {
		return g
	}
	switch {
	case d.Learn == policy.LearnEnforce && a.met:
		// One wait at a time tries more than is sure, or a limit that has risen
		// would never be found out. A stranger does not get that turn.
		g.advice = p.config.Networks.Allow(p.config.Clock.At(now), d.network, a.key().ID(), a.interval)
	case d.Learn != policy.LearnOff:
		g.advice = p.config.Networks.Advise(p.config.Clock.At(now), d.network).Interval
	}
	g.goes, g.clamped = d.Limit(a.interval, g.advice)
	g.would, _ = d.Enforced().Limit(a.interval, g.advice)
	return g
}

// key is the device as heartbeat knows it.
func (a *ask) key() heartbeat.Key {
	return heartbeat.Key{Principal: a.device.Principal, Device: a.device.ID, Type: a.device.Type}
}

// deny refuses a request before anybody has looked at its password: an old phone
// with an old password otherwise locks its account (RFC 9110 15.5.4).
func (p *Proxy) deny(w http.ResponseWriter, r *http.Request, query eas.Envelope, d decision) {
	p.config.Metrics.denied.WithLabelValues(d.Rule).Inc()
	user, device := principal(r), query.DeviceKey()
	p.seldom.Info("denied", zap.String("rule", d.Rule), zap.String("client", p.clientAddress(r).String()),
		zap.String("user", p.named(user)), zap.String("device", p.named(device)),
		zap.String("device_type", p.masked(query.DeviceType, user, device)),
		zap.String("user_agent", p.masked(r.UserAgent(), user, device)))
	w.WriteHeader(http.StatusForbidden)
}
