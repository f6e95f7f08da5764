package proxy

import (
	"strconv"
	"time"

	"github.com/diastole/diastole/policy"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/wbxml/eas"
)

// clamp makes the request ask for what is given, so that the server's own Status 1
// comes early, which every client takes for "ask again". It is false where the
// device is to be told the limit instead. What cannot be lowered passes as it is.
func (p *Proxy) clamp(request *upstream.Request, body []byte, held *wait) bool {
	// The limit is told to nobody whom the server has not accepted: it would tell a
	// stranger that the device exists.
	if held.Clamp == policy.Refuse && held.met && !p.isDeaf(held) {
		return false
	}
	lowered, goes, ok := lower(body, held.ask, held.goes)
	if !ok {
		held.goes, held.clamped = held.interval, false
		return true
	}
	held.goes = goes
	replaceBody(request, lowered)
	p.config.Metrics.clamped.WithLabelValues(held.kind, held.Rule, "early").Inc()
	return true
}

// isDeaf: a device that was told a limit and asked for more all the same would be
// told it again for ever, and get no mail (Outlook on Zimbra did).
func (p *Proxy) isDeaf(held *wait) bool {
	state, known := p.config.Devices.State(held.key())
	return state.Deaf || !known // who cannot be remembered would be told for ever
}

// lower rewrites a body to ask for at most give, and returns what it asks for now.
// A request without a body repeats the last one (MS-ASCMD 2.2.1.13, 2.2.1.21.1): it
// becomes the shortest one that names an interval, and the server goes on taking
// the rest from its memory.
func lower(body []byte, a ask, give time.Duration) (lowered []byte, goes time.Duration, ok bool) {
	switch {
	case a.kind == kindPing && len(body) == 0:
		return eas.FullPing(nil, give), give, true
	case a.kind == kindPing:
		var ping eas.PingRequest
		if ping.Parse(body) != nil {
			return nil, 0, false
		}
		lowered, ok = ping.Clamp(nil, body, give)
		return lowered, give, ok
	case a.sync == nil:
		sync := eas.SyncRequest{Wait: -1, Interval: int(give / time.Second), Partial: true}
		if a.version == "12.1" { // knows minutes only, MS-ASCMD 2.2.3.88.2
			sync.Wait, sync.Interval = int(max(give/time.Minute, 1)), -1
		}
		return sync.Append(nil, a.version), sync.Hold(), true
	}
	lowered, ok = a.sync.Clamp(nil, body, give)
	return lowered, a.sync.Granted(give), ok
}

// replaceBody keeps everything but the body and what frames it.
func replaceBody(request *upstream.Request, body []byte) {
	if len(request.Bytes) == 0 {
		// A device sends no Content-Type without a body, and servers take an untyped
		// one for something else (Status 101, MS-ASCMD 2.2.2).
		request.Header["Content-Type"] = []string{wbxmlType}
	}
	request.Bytes = body
	if !request.Chunked {
		request.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
}

func refusedSync(asked ask, limit time.Duration) []byte {
	if asked.sync == nil {
		return (&eas.SyncRequest{Wait: -1, Interval: 1}).Refused(limit)
	}
	return asked.sync.Refused(limit)
}
