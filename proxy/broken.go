package proxy

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/diastole/diastole/proxy/upstream"
)

// brokeOff reports whether the server had a Ping in hand and broke it off. It is
// answered Status 1, "ask again" (MS-ASCMD 2.2.3.177.11): several 500s make iOS throw
// a mailbox away, and a cut connection makes Android believe in a short-lived NAT. A
// server that was never reached is another matter: it has accepted nobody's
// credentials.
func brokeOff(held *wait, err error) bool {
	e := new(upstream.Error)
	return held.kind == kindPing && isUpstreams(err) && errors.As(err, &e) && e.Phase >= upstream.Await
}

// isUpstreams tells whether it is the server that failed.
func isUpstreams(err error) bool {
	return errors.As(err, new(*upstream.Error)) && !errors.Is(err, upstream.ErrPinLost) && !errors.Is(err, upstream.ErrRequestBody)
}

// hadAnswer tells whether the server has answered a question of this wait: it has taken
// the credentials then, and a 503 of ours would be a fault that the phone has not met.
func (x *exchange) hadAnswer() bool { return x.vigil != nil && !x.vigil.firstAnswer() }

// jitter is a random time below limit that ends before the device gives up.
func (p *Proxy) jitter(held *wait, limit time.Duration) time.Duration {
	if held.interval > 0 {
		limit = min(limit, p.left(held, held.interval)-time.Second)
	}
	if limit <= 0 {
		return 0
	}
	return rand.N(limit)
}
