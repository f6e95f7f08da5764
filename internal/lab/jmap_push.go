package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// subscriptionsPerUser bounds a user's subscriptions; the next one is refused with overQuota (RFC 8620 5.3).
const subscriptionsPerUser = 20

const utcDate = "2006-01-02T15:04:05Z" // RFC 8620 1.4

// jmapPush is a PushSubscription as a client creates it (RFC 8620 7.2).
type jmapPush struct {
	DeviceClientID string   `json:"deviceClientId"`
	URL            string   `json:"url"`
	Expires        string   `json:"expires"`
	Types          []string `json:"types"`
}

// jmapSubscription is a PushSubscription as the server keeps it; guarded by JMAP.mu.
type jmapSubscription struct {
	jmapPush
	id, code string
	box      *mailbox
	verified bool
	expires  time.Time
	done     chan struct{}
	once     sync.Once
}

func (s *jmapSubscription) stop() { s.once.Do(func() { close(s.done) }) }

// setSubscriptions is PushSubscription/set (RFC 8620 7.2.2).
func (j *JMAP) setSubscriptions(b *mailbox, args jmapArgs) map[string]any {
	j.mu.Lock()
	defer j.mu.Unlock()
	answer := map[string]map[string]any{"created": {}, "notCreated": {}, "updated": {}, "notUpdated": {}, "notDestroyed": {}}
	for key, asked := range args.Create {
		if sub, err := j.subscribe(b, asked); err != "" {
			answer["notCreated"][key] = map[string]any{"type": err}
		} else {
			answer["created"][key] = map[string]any{"id": sub.id, "keys": nil, "expires": sub.expires.UTC().Format(utcDate)}
		}
	}
	for id, change := range args.Update {
		if said, err := j.change(b, id, change); err != "" {
			answer["notUpdated"][id] = map[string]any{"type": err}
		} else {
			answer["updated"][id] = said
		}
	}
	destroyed := []string{}
	for _, id := range args.Destroy {
		if sub := j.subs[id]; sub == nil || sub.box != b {
			answer["notDestroyed"][id] = map[string]any{"type": "notFound"}
		} else {
			sub.stop()
			delete(j.subs, id)
			destroyed = append(destroyed, id)
		}
	}
	all := map[string]any{"destroyed": destroyed}
	for name, part := range answer {
		all[name] = part
	}
	return all
}

// subscribe makes a subscription and sends its verification. err is a SetError type.
func (j *JMAP) subscribe(b *mailbox, asked jmapPush) (sub *jmapSubscription, err string) {
	mine := 0
	for _, s := range j.subs {
		if s.box == b {
			mine++
		}
	}
	switch {
	case len(asked.URL) < 9 || asked.URL[:8] != "https://" || asked.DeviceClientID == "": // RFC 8620 7.2: MUST begin with "https://"
		return nil, "invalidProperties"
	case mine >= subscriptionsPerUser:
		return nil, "overQuota"
	}
	j.made++
	sub = &jmapSubscription{jmapPush: asked, id: fmt.Sprintf("P%d", j.made), code: fmt.Sprintf("code-%d", j.made*7919),
		box: b, done: make(chan struct{}), expires: j.until(asked.Expires)}
	j.subs[sub.id] = sub
	go j.serveSubscription(sub)
	return sub, ""
}

// until is when a subscription ends that is to live until asked, "" or null for as long as may be.
func (j *JMAP) until(asked any) time.Time {
	longest := time.Now().Add(j.cfg.MaxExpires).Truncate(time.Second)
	text, _ := asked.(string)
	if t, err := time.Parse(utcDate, text); err == nil && t.Before(longest) {
		return t
	}
	return longest
}

// change verifies or lengthens a subscription.
func (j *JMAP) change(b *mailbox, id string, change map[string]any) (said any, err string) {
	sub := j.subs[id]
	if sub == nil || sub.box != b {
		return nil, "notFound"
	}
	if code, given := change["verificationCode"]; given {
		if code != sub.code {
			return nil, "invalidProperties"
		}
		sub.verified = true
	}
	if expires, given := change["expires"]; given {
		sub.expires = j.until(expires)
		return map[string]any{"expires": sub.expires.UTC().Format(utcDate)}, ""
	}
	return nil, ""
}

// getSubscriptions is PushSubscription/get (RFC 8620 7.2.1); it tells neither url nor keys.
func (j *JMAP) getSubscriptions(b *mailbox, args jmapArgs) map[string]any {
	j.mu.Lock()
	defer j.mu.Unlock()
	list, missing := []any{}, []string{}
	for id, sub := range j.subs {
		if sub.box == b && (args.IDs == nil || slices.Contains(*args.IDs, id)) {
			list = append(list, map[string]any{"id": id, "deviceClientId": sub.DeviceClientID,
				"expires": sub.expires.UTC().Format(utcDate), "types": sub.Types})
		}
	}
	if args.IDs != nil {
		for _, id := range *args.IDs {
			if sub := j.subs[id]; sub == nil || sub.box != b {
				missing = append(missing, id)
			}
		}
	}
	return map[string]any{"list": list, "notFound": missing}
}

// serveSubscription sends the verification, then what changes, until the subscription is destroyed or expires.
func (j *JMAP) serveSubscription(sub *jmapSubscription) {
	changed, stop := j.listen(sub.box)
	defer stop()
	told := j.states(sub.box)
	j.push(sub, map[string]any{"@type": "PushVerification", "pushSubscriptionId": sub.id, "verificationCode": sub.code})
	for {
		j.mu.Lock()
		left := time.NewTimer(time.Until(sub.expires))
		j.mu.Unlock()
		select {
		case <-changed:
			told = j.pushChange(sub, told)
		case <-left.C:
			j.expire(sub)
		case <-sub.done:
			left.Stop()
			return
		case <-j.server.life.done:
			left.Stop()
			return
		}
		left.Stop()
	}
}

// expire drops a subscription whose time is over; it may have been lengthened meanwhile.
func (j *JMAP) expire(sub *jmapSubscription) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !time.Now().Before(sub.expires) {
		sub.stop()
		delete(j.subs, sub.id)
	}
}

// pushChange sends what moved since told. RFC 8620 7.2: nothing goes out before the verification.
func (j *JMAP) pushChange(sub *jmapSubscription, told map[string]string) map[string]string {
	now := j.states(sub.box)
	moved := map[string]string{}
	for name, state := range now {
		if told[name] != state && (sub.Types == nil || slices.Contains(sub.Types, name)) {
			moved[name] = state
		}
	}
	j.mu.Lock()
	quiet := !sub.verified || j.deaf
	j.mu.Unlock()
	if len(moved) > 0 && !quiet {
		j.push(sub, stateChange(sub.box.user, moved))
	}
	return now
}

// push posts one object, once: a server may try again, but need not (RFC 8620 7.2).
func (j *JMAP) push(sub *jmapSubscription, what any) {
	body, _ := json.Marshal(what)
	r, err := http.NewRequestWithContext(j.server.life, http.MethodPost, sub.URL, bytes.NewReader(body))
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("TTL", "60")
	if answer, err := j.cfg.Push.Do(r); err == nil {
		answer.Body.Close()
	}
}
