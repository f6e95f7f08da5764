package proxy

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/diastole/diastole/proxy/shield"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/wbxml/eas"
)

// Shield says what is kept from the server. Its zero value keeps nothing from it, and
// remembers nothing.
type Shield struct {
	StalePasswords int           // logins in an hour with the same wrong password of one device; 0: no limit
	Storm          int           // requests of one device in StormPer; 0: no limit
	StormPer       time.Duration // 0: a minute
	Failures       int           // refused logins of one address in a minute; 0: no limit
	Addresses      int           // that are remembered; 0: 100,000
}

// guarded is how many devices the shield remembers, some 250 bytes each. More of them
// are strangers who invent names: the one that was silent for longest begins anew.
const guarded = 50_000

// guard is the shield at work.
type guard struct {
	Shield
	passwords *shield.Passwords
	regulars  *shield.Regulars
	storm     *shield.Rates // nil: no limit
	failures  *shield.Rates // nil: no limit
	slowed    atomic.Int64  // answers that are kept back at this moment

	mu         sync.Mutex
	challenges *simplelru.LRU[string, []upstream.Field] // by host
}

// newGuard is nil where nothing is to be guarded.
func newGuard(s Shield) *guard {
	if s.StalePasswords <= 0 && s.Storm <= 0 && s.Failures <= 0 {
		return nil
	}
	if s.Addresses <= 0 {
		s.Addresses = 100_000
	}
	if s.StormPer <= 0 {
		s.StormPer = time.Minute
	}
	challenges, err := simplelru.NewLRU[string, []upstream.Field](16, nil)
	if err != nil {
		panic("BUG: proxy: " + err.Error()) // only for a size below 1
	}
	g := &guard{Shield: s, passwords: shield.NewPasswords(s.StalePasswords, guarded), regulars: shield.NewRegulars(guarded), challenges: challenges}
	if s.Storm > 0 {
		g.storm = shield.NewRates(s.Storm, s.StormPer, guarded)
	}
	if s.Failures > 0 {
		g.failures = shield.NewRates(s.Failures, time.Minute, s.Addresses)
	}
	return g
}

// Why a request was answered here, as metric labels.
const (
	shieldStale    = "stale"    // 401: an old password
	shieldPending  = "pending"  // 503: as many logins as it may have are without their answer
	shieldStorm    = "storm"    // 503: the device asks too often
	shieldFailures = "failures" // 503: its address has had too many logins refused
)

// lets says whether a request may go to the server; otherwise it has its answer.
func (p *Proxy) lets(w http.ResponseWriter, r *http.Request, query eas.Envelope) bool {
	g := p.guard.Load()
	if g == nil {
		return true
	}
	now, a := time.Now(), p.attempt(r, query)
	if g.storm != nil && a.device.ID != "" {
		// By its credential too, or a stranger who knows a device's name could use up
		// what its owner has.
		if again, ok := g.storm.Take(now, a.pair); !ok {
			p.comeLater(w, shieldStorm, again)
			return false
		}
	}
	if !a.signsIn {
		return true
	}
	if again, ok := g.mayGuess(now, &a); !ok {
		p.comeLater(w, shieldFailures, again)
		return false
	}
	if !a.sync || g.regulars.Has(a.pair) {
		return true
	}
	switch answer := g.passwords.Ask(now, a.who, a.credential); answer.Verdict {
	case shield.Refuse:
		p.refuseHere(w, r, g, answer.Slow)
		return false
	case shield.Later:
		p.comeLater(w, shieldPending, 10*time.Second)
		return false
	}
	return true
}

// mayGuess tells whether an address may try a password; otherwise again is in how long it
// may. Who is signed in does not pay for others there, but for guesses at himself: the
// server never hears of those that are refused here, so its directory locks nothing, and
// if the right password came through all the same, it could be found out among them.
func (g *guard) mayGuess(now time.Time, a *attempt) (again time.Duration, ok bool) {
	switch {
	case g.failures == nil:
		return 0, true
	case g.regulars.Has(a.pair):
		return g.failures.Left(now, a.aimed)
	}
	if again, ok = g.failures.Left(now, a.address); !ok && !g.passwords.Repeats(a.who, a.credential) {
		g.failures.Take(now, a.aimed) // it holds one for each that may be found wrong in a minute
	}
	return again, ok
}

// comeLater turns a request away. 503 with Retry-After is what phones know from Exchange's
// own throttling, and 429 is not in their book (MS-ASHTTP 2.2.2.1.1).
func (p *Proxy) comeLater(w http.ResponseWriter, why string, again time.Duration) {
	p.config.Metrics.shielded.WithLabelValues(why).Inc()
	answer := later503()
	answer.fields[0].Value = strconv.Itoa(int(again / time.Second))
	answer.writeTo(w)
}

// mostSlowed bounds the answers that are kept back: each has a goroutine. Others go out
// at once.
const mostSlowed = 256

// refuseHere says what the server has said to the same password before.
func (p *Proxy) refuseHere(w http.ResponseWriter, r *http.Request, g *guard, slow time.Duration) {
	p.config.Metrics.shielded.WithLabelValues(shieldStale).Inc()
	if g.slowed.Add(1) <= mostSlowed && !p.leaving.Load() {
		late := time.NewTimer(slow)
		select {
		case <-late.C:
		case <-r.Context().Done():
		}
		late.Stop()
	}
	g.slowed.Add(-1)
	ours(http.StatusUnauthorized, nil, g.challenge(r)...).writeTo(w)
}

// longestChallenge bounds what is kept of a host: some servers repeat in it what they
// were called.
const longestChallenge = 2 << 10

// keepChallenge keeps the server's words of how to sign in (RFC 9110 11.6.1): a phone
// that hears others may ask its owner for something else than a password.
func (g *guard) keepChallenge(a *attempt, answer *upstream.Response) {
	if !a.sync {
		return
	}
	var fields []upstream.Field
	size := len(a.host)
	for _, f := range answer.Header {
		if strings.EqualFold(f.Name, "WWW-Authenticate") {
			fields = append(fields, f)
			size += len(f.Name) + len(f.Value)
		}
	}
	if len(fields) == 0 || size > longestChallenge {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.challenges.Add(a.host, fields)
}

func (g *guard) challenge(r *http.Request) []upstream.Field {
	g.mu.Lock()
	defer g.mu.Unlock()
	fields, known := g.challenges.Get(r.Host)
	if !known {
		fields = []upstream.Field{{Name: "WWW-Authenticate", Value: `Basic realm="ActiveSync"`}}
	}
	return append(fields[:len(fields):len(fields)], upstream.Field{Name: "Content-Length", Value: "0"})
}
