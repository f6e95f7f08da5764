package proxy

import (
	"errors"
	"time"

	"github.com/diastole/diastole/proxy/check"
	"github.com/diastole/diastole/proxy/upstream"
)

var errNotAskable = errors.New("what the device has is not known any more")

// handOver leaves the wait to the server for the rest of its interval. Whatever is
// said then are the server's own words: a refused password, a new policy, a wipe.
func (v *vigil) handOver(why string) {
	x, p := v.x, v.x.proxy
	v.stop()
	x.mu.Lock()
	over := x.over
	x.mu.Unlock()
	if over {
		return
	}
	if p.holds.Expire(x.first.holder(), x) { // nobody waits for the answer
		x.cancel()
		return
	}
	p.config.Metrics.handed.WithLabelValues(why).Inc()
	if request := v.rest(); request != nil {
		x.mu.Lock()
		x.request, x.ours = request, true
		x.mu.Unlock()
	}
	x.queue()
}

// leastRest is what every server takes (Exchange: MS-ASCMD appendix A); what is shorter
// could be answered with a Status 5, which the device has not earned. Its wait ends in
// time all the same.
const leastRest = time.Minute

// rest is the device's own request for the rest of its interval; nil: as it is. One
// that leaves something out means what the device said last to us: the server has
// heard of it only what was asked in between, or nothing (MS-ASCMD 3.1.5.8).
func (v *vigil) rest() *upstream.Request {
	x, p := v.x, v.x.proxy
	a := &x.first.ask
	v.mu.Lock()
	left := time.Until(v.until).Truncate(time.Second)
	v.mu.Unlock()
	whole := left >= x.first.goes-2*time.Second
	if whole && (a.kind == kindSync || a.form == "full") {
		return nil
	}
	request, err := x.packed().Unpack()
	if err != nil {
		return nil
	}
	give := min(max(left, leastRest), x.first.goes)
	body, ok := []byte(nil), false
	if a.kind == kindPing && a.form != "full" {
		if folders := p.waitedOn(a); len(folders) > 0 {
			body, ok = check.Ping(give, folders), true
		}
	} else {
		body, _, ok = lower(request.Bytes, *a, give)
	}
	if !ok {
		return nil
	}
	replaceBody(request, body)
	return request
}
