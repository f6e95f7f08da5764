package proxy

import (
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/watch"
)

// acknowledge takes note that the server has answered a device with a document, and
// so accepted its credentials.
func (p *Proxy) acknowledge(d watch.Device, c hold.Command) {
	p.memory.Accept(d, watch.Credentials(c.Credentials))
	key := holder{Device: d}
	p.act(key, p.holds.Answered(time.Now(), key, c))
}
