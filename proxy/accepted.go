package proxy

import (
	"net/http"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
)

// heed takes note of what an answer says of a device's credentials. With refused ones
// nobody logs in to the mail store any more. policyKey is that of the request.
func (p *Proxy) heed(d watch.Device, answer *upstream.Response, policyKey string, c hold.Command) {
	switch {
	case isSyncDocument(answer):
		p.acknowledge(d, c)
		p.memory.Policy(d, policyKey)
	case answer.Status == http.StatusUnauthorized, answer.Status == http.StatusForbidden:
		p.memory.Refuse(d, watch.Credentials(c.Credentials))
	}
}

// acknowledge takes note that the server has answered a device with a document, and
// so accepted its credentials.
func (p *Proxy) acknowledge(d watch.Device, c hold.Command) {
	accepted := watch.Credentials(c.Credentials)
	first := !p.memory.Accepted(d, accepted)
	p.memory.Accept(d, accepted)
	if c.Piece || c.Syncs {
		p.holdsHere(d, first)
	}
	key := holder{Device: d}
	p.act(key, p.holds.Answered(time.Now(), key, c))
}
