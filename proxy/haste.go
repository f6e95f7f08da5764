package proxy

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/watch"
)

// A server that answers "nothing new" at once, and a device that asks again at once,
// make each other warm: phones with an empty battery by noon, and thousands of
// requests an hour (mailcow#722, SOGo b5023ee). From the third such answer in a row
// on the device waits for it a little, twice as long each time.
const (
	hasty       = 5 * time.Second // a wait that ends before it is too fast
	hastyInARow = 3
	mostHeld    = 30 * time.Second
)

// haste counts hasty answers in a row, of the devices that had some lately.
type haste struct {
	mu      sync.Mutex
	devices *simplelru.LRU[watch.Device, int]
}

func newHaste() *haste {
	devices, err := simplelru.NewLRU[watch.Device, int](10_000, nil)
	if err != nil {
		panic("BUG: proxy: " + err.Error()) // only for a size below 1
	}
	return &haste{devices: devices}
}

// next takes in an answer, and says how long the device is to wait for it.
func (h *haste) next(d watch.Device, fast bool) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !fast {
		h.devices.Remove(d)
		return 0
	}
	n, _ := h.devices.Get(d)
	n++
	h.devices.Add(d, n)
	if n < hastyInARow {
		return 0
	}
	return min(time.Second<<min(n-hastyInARow, 5), mostHeld)
}

// holdBack says how long an answer of the server is kept from a device that it would
// drive on. It is never late.
func (p *Proxy) holdBack(held *wait, end ending) time.Duration {
	if !held.tracked || end.code != 200 {
		return 0
	}
	fast := end.outcome == heartbeat.Early && end.held < hasty
	back := p.haste.next(held.device, fast)
	if back == 0 {
		return 0
	}
	p.config.Metrics.tooFast.WithLabelValues(held.kind).Inc()
	return min(back, held.interval-end.held)
}
