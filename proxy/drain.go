package proxy

import (
	"maps"
	"slices"
	"time"
)

// Drain drains every Entrance; see there.
func (p *Proxy) Drain(window time.Duration) {
	p.leaving.Store(true)
	for _, e := range p.ways() {
		e.Drain(window)
	}
}

// Drained is closed when, after Drain, no wait is held any more.
func (p *Proxy) Drained() <-chan struct{} {
	all := make(chan struct{})
	go func() {
		for _, e := range p.ways() {
			<-e.drained
		}
		close(all)
	}()
	return all
}

func (p *Proxy) ways() []*Entrance {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.entrances)
}

// Close ends what the Proxy itself runs. Connections that are parked then are cut.
func (p *Proxy) Close() {
	p.mu.Lock()
	lot := p.parking
	p.parking, p.noLot = nil, true
	lingering := slices.Collect(maps.Keys(p.lingering))
	p.mu.Unlock()
	for _, x := range lingering {
		x.cancel()
	}
	for _, e := range p.ways() {
		e.cut()
	}
	if lot != nil {
		_ = lot.Close() // it only ever says that it is closed
	}
	p.client.Close()
	p.proofs.Close()
}
