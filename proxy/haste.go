package proxy

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/proxy/watch"
)

// A server that answers at once, and a device that asks again at once, make each other
// warm: phones with an empty battery by noon, and thousands of requests an hour. It may
// say "nothing new" (mailcow#722, SOGo b5023ee), or that there is news of which no Sync
// brings anything (Horde ac88b9d, Z-Push 2c0bf84), or that the folders are to be read
// anew (Horde 64446e9). From the third such round on the device waits for its answer a
// little, twice as long each time. News that a Sync has brought is never held back.
const (
	hasty       = 5 * time.Second // a wait that ends before it is too fast
	hastyInARow = 3
	mostHeld    = 30 * time.Second
)

// haste counts hasty answers in a row, of the devices that had some lately.
type haste struct {
	mu      sync.Mutex
	devices *simplelru.LRU[watch.Device, rounds]
}

// rounds are how often a device was driven on in a row.
type rounds struct {
	idle int  // it was told nothing, too fast
	vain int  // it was told of news at once, came for it, and got nothing
	told bool // it has yet to come for it
}

func newHaste() *haste {
	devices, err := simplelru.NewLRU[watch.Device, rounds](10_000, nil)
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
	r, _ := h.devices.Get(d)
	r.idle++
	h.devices.Add(d, r)
	return back(r.idle)
}

func back(rounds int) time.Duration {
	if rounds < hastyInARow {
		return 0
	}
	return min(time.Second<<min(rounds-hastyInARow, 5), mostHeld)
}

// news takes in that the device is told of news.
func (h *haste) news(d watch.Device, fast bool) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !fast {
		h.devices.Remove(d)
		return 0
	}
	r, _ := h.devices.Get(d)
	r.told, r.idle = true, 0
	h.devices.Add(d, r)
	return back(r.vain)
}

// inVain tells whether the device was told of news at once, and twice got nothing.
func (h *haste) inVain(d watch.Device) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, _ := h.devices.Get(d)
	return r.vain >= hastyInARow-1
}

// synced takes in what came of it.
func (h *haste) synced(d watch.Device, changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, known := h.devices.Get(d)
	switch {
	case !known:
	case changed: // one that begins anew with each Status 7 gets all it has each time
		h.devices.Add(d, rounds{idle: r.idle})
	case r.told:
		h.devices.Add(d, rounds{vain: r.vain + 1})
	}
}

// holdBack says how long an answer of the server is kept from a device that it would
// drive on. It is never late.
func (p *Proxy) holdBack(held *wait, end ending) time.Duration {
	if !held.tracked || end.code != 200 {
		return 0
	}
	fast, back := end.held < hasty, time.Duration(0)
	if held.kind == kindPing && end.outcome == heartbeat.Changed {
		back = p.haste.news(held.device, fast)
	} else {
		idle := end.outcome == heartbeat.Early || held.kind == kindPing && end.status == "7"
		back = p.haste.next(held.device, fast && idle)
	}
	if back == 0 {
		return 0
	}
	p.config.Metrics.tooFast.WithLabelValues(held.kind).Inc()
	return min(back, held.interval-end.held)
}
