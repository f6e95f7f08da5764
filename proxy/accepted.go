package proxy

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/watch"
)

// acceptedDevices is how many are kept; a device is some 200 bytes. Of one that had
// to make room nothing is believed until its server has answered it again.
const acceptedDevices = 100_000

// accepted knows the credentials with which the server has last answered a device.
// They are digests, and forgotten with the process.
type accepted struct {
	mu      sync.Mutex
	devices *simplelru.LRU[watch.Device, hold.Digest]
}

func newAccepted() *accepted {
	devices, err := simplelru.NewLRU[watch.Device, hold.Digest](acceptedDevices, nil)
	if err != nil {
		panic("BUG: proxy: " + err.Error()) // only for a size below 1
	}
	return &accepted{devices: devices}
}

// are tells whether the server has last accepted just these credentials of a device.
func (a *accepted) are(d watch.Device, credentials hold.Digest) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, ok := a.devices.Get(d)
	return ok && last == credentials
}

func (a *accepted) note(d watch.Device, credentials hold.Digest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.devices.Add(d, credentials)
}

// acknowledge takes note that the server has answered a device with a document, and
// so accepted its credentials.
func (p *Proxy) acknowledge(d watch.Device, c hold.Command) {
	p.accepted.note(d, c.Credentials)
	key := holder{Device: d}
	p.act(key, p.holds.Answered(time.Now(), key, c))
}
