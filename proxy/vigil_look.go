package proxy

import "time"

// looks tells whether the question that is on is to be a Ping. An estimate knows
// nothing of new folders, and on some servers nothing of policies (Z-Push): by Pings
// alone a device would hear of them (design: the server's own answer).
func (v *vigil) looks() bool {
	p := v.x.proxy
	h := p.settings.Load().Hold
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case h.Check == byPing:
		return true
	case v.reason != "safety" && time.Since(v.looked) < h.Safety:
		return false
	}
	return p.shortest() <= shortestPing || !v.told && p.hasTimeToLook()
}

// hasTimeToLook tells whether a Ping of a minute, where the server takes no shorter one,
// leaves enough of its places to those who have news: half of them.
func (p *Proxy) hasTimeToLook() bool {
	most := p.settings.Load().Hold.MaxChecks
	up, queued := p.checks.Len()
	return most == 0 || queued == 0 && 2*up <= most
}

// hasLooked notes when the server has answered a Ping.
func (v *vigil) hasLooked(at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.looked = at
}

// shortest is the shortest Ping that the server takes, 0 as long as it has not said.
func (p *Proxy) shortest() time.Duration { return time.Duration(p.shortestTaken.Load()) }

// longestShortest is far above what servers insist on (Exchange: 60 s, MDaemon: 480 s at
// most). One answer must not make everybody's questions an hour long.
const longestShortest = 8 * time.Minute

// learnShortest takes in a Status 5; false: it says nothing new.
func (p *Proxy) learnShortest(seconds int) bool {
	d := time.Duration(seconds) * time.Second
	if d <= p.shortest() || d > longestShortest {
		return false
	}
	p.shortestTaken.Store(int64(d))
	return true
}
