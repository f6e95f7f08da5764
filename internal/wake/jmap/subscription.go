package jmap

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"
)

const (
	life       = 24 * time.Hour   // what a subscription is asked to have: what a crash leaves at the server is gone then
	shortest   = time.Minute      // less than this would be renewing without pause
	verifyTime = time.Minute      // for the server to send its code
	lookEvery  = 10 * time.Minute // at the states and the subscription: a push that was lost is not told of by anything else
	partTime   = 5 * time.Second  // for the end of a subscription
	utcDate    = "2006-01-02T15:04:05Z"
)

// subscription is a PushSubscription of ours (RFC 8620 7.2).
type subscription struct {
	id      string
	expires time.Time
}

// subscribe listens by a push subscription until it is lost, and says why.
func (l *line) subscribe(ctx context.Context, c *client) error {
	begun, err := l.source.turn(ctx)
	if err != nil {
		return err
	}
	defer begun()
	s, err := c.session(ctx)
	if err != nil {
		return err
	}
	url, ear, shut := l.source.door.open(l, s) // first: the code may come before the answer
	defer shut()
	sub, err := c.create(ctx, s, url)
	if sub != nil {
		defer c.destroy(context.WithoutCancel(ctx), s, sub)
	}
	if err != nil {
		return err
	}
	if err := c.verify(ctx, s, sub, ear); err != nil {
		return err
	}
	l.source.counts.made.Inc()
	missed := l.missed(ctx, c, s)
	begun()
	l.up(s.covers, missed)
	return l.keep(ctx, c, s, sub)
}

// keep renews the subscription at two thirds of its life, and looks now and then
// whether it is still there and nothing was lost.
func (l *line) keep(ctx context.Context, c *client, s *session, sub *subscription) error {
	renewAt := sub.renewal()
	for {
		look := time.NewTimer(min(time.Until(renewAt), lookEvery))
		select {
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			return ctx.Err()
		}
		if !time.Now().Before(renewAt) {
			if err := c.renew(ctx, s, sub); err != nil {
				return err
			}
			l.source.counts.renewed.Inc()
			renewAt = sub.renewal()
		} else if err := c.present(ctx, s, sub); err != nil {
			return err
		}
		l.up(s.covers, l.missed(ctx, c, s))
	}
}

// renewal is when two thirds of what is left are over.
func (s *subscription) renewal() time.Time {
	return time.Now().Add(time.Until(s.expires) * 2 / 3)
}

// set runs PushSubscription/set, which knows no account (RFC 8620 7.2).
func (c *client) set(ctx context.Context, s *session, args map[string]any) (answer setAnswer, err error) {
	err = c.one(ctx, s, "PushSubscription/set", args, &answer)
	return answer, err
}

// setAnswer is the part of a /set response that is read (RFC 8620 5.3).
type setAnswer struct {
	Created, Updated map[string]*struct{ ID, Expires string }
	NotCreated       map[string]struct{ Type string }
	NotUpdated       map[string]struct{ Type string }
}

// one runs one method call.
func (c *client) one(ctx context.Context, s *session, method string, args, answer any) error {
	text, err := json.Marshal(args)
	if err != nil {
		return err
	}
	said, err := c.call(ctx, s, invocation{method, text, "0"})
	if err != nil {
		return err
	}
	if len(said) != 1 || said[0].name != method {
		return &failure{why: "unsupported", pause: rest, what: "the server does not run " + method + ": without push.url the source uses event streams"}
	}
	if json.Unmarshal(said[0].args, answer) != nil {
		return &failure{why: "malformed", pause: latest, what: "an answer to " + method + " that is none"}
	}
	return nil
}

// create makes a subscription. Its deviceClientId is new each time: a server may take
// an equal one for the same subscription, and two of one user can overlap.
func (c *client) create(ctx context.Context, s *session, url string) (*subscription, error) {
	asked := map[string]any{"deviceClientId": "diastole-" + rand.Text(), "url": url, "types": s.types, "expires": until(life)}
	answer, err := c.set(ctx, s, map[string]any{"create": map[string]any{"0": asked}})
	if err != nil {
		return nil, err
	}
	made := answer.Created["0"]
	if made == nil || made.ID == "" || len(made.ID) > longestID {
		return nil, &failure{why: "unsupported", pause: rest,
			what: "the server makes no push subscription: " + word(answer.NotCreated["0"].Type)}
	}
	sub := &subscription{id: made.ID}
	return sub, sub.live(made.Expires)
}

// live notes when the subscription ends: the server may have shortened what was asked
// for (RFC 8620 7.2), and a time beyond that is not believed.
func (s *subscription) live(expires string) error {
	s.expires = time.Now().Add(life)
	if t, err := time.Parse(time.RFC3339, expires); err == nil && t.Before(s.expires) {
		s.expires = t
	}
	if time.Until(s.expires) < shortest {
		return &failure{why: "expired", pause: latest, what: "the server gives a push subscription less than a minute: do both clocks go right?"}
	}
	return nil
}

// verify waits for the code and gives it back (RFC 8620 7.2.2): until then the server
// sends nothing else.
func (c *client) verify(ctx context.Context, s *session, sub *subscription, e *ear) error {
	late := time.NewTimer(verifyTime)
	defer late.Stop()
	for {
		select {
		case v := <-e.codes:
			if v.ID != sub.id { // of an earlier one, or somebody's who knows the path
				continue
			}
			answer, err := c.set(ctx, s, map[string]any{"update": map[string]any{sub.id: map[string]any{"verificationCode": v.Code}}})
			if _, refused := answer.NotUpdated[sub.id]; err == nil && refused {
				err = &failure{why: "unverified", pause: latest, what: "the server refuses the code that it has sent"}
			}
			return err
		case <-late.C:
			return &failure{why: "unverified", pause: latest, what: "the server has sent no code to push.url within a minute: can it reach it?"}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// renew gives the subscription another life.
func (c *client) renew(ctx context.Context, s *session, sub *subscription) error {
	asked := until(life)
	answer, err := c.set(ctx, s, map[string]any{"update": map[string]any{sub.id: map[string]any{"expires": asked}}})
	if err != nil {
		return err
	}
	said, updated := answer.Updated[sub.id]
	if !updated {
		return lost
	}
	if said != nil && said.Expires != "" { // what differs from what was asked (RFC 8620 5.3)
		asked = said.Expires
	}
	return sub.live(asked)
}

var lost = &failure{why: "expired", what: "the server has dropped a push subscription before its time"}

// present asks whether the subscription is still there.
func (c *client) present(ctx context.Context, s *session, sub *subscription) error {
	var answer struct{ List []struct{ ID string } }
	if err := c.one(ctx, s, "PushSubscription/get", map[string]any{"ids": []string{sub.id}}, &answer); err != nil {
		return err
	}
	for _, one := range answer.List {
		if one.ID == sub.id {
			return nil
		}
	}
	return lost
}

// destroy tells the server that nobody listens any more. If it does not hear of it,
// the subscription ends by itself.
func (c *client) destroy(ctx context.Context, s *session, sub *subscription) {
	ctx, cancel := context.WithTimeout(ctx, partTime)
	defer cancel()
	_, _ = c.set(ctx, s, map[string]any{"destroy": []string{sub.id}})
}

func until(d time.Duration) string { return time.Now().Add(d).UTC().Format(utcDate) }

// word is a SetError type for a log (RFC 8620 5.3), never one that the server made up.
func word(kind string) string {
	switch kind {
	case "forbidden", "overQuota", "tooLarge", "rateLimit", "notFound", "invalidProperties", "singleton":
		return kind
	}
	return "no known reason"
}
