package proxy

import (
	"time"

	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// slicing is how a wait lasts longer than a box behind us lets one live: as several
// waits at the server, one after the other.
type slicing struct {
	body  []byte        // as the device sent it
	most  time.Duration // a piece lasts no longer
	until time.Time     // the device's interval is over
	piece time.Duration // the one that is on
	began time.Time     // when it began
	told  bool          // the server has said which interval it wants
}

// shortestPiece is what every server takes (Exchange: MS-ASCMD appendix A, 60 s): the
// last piece is not made shorter, its wait is over before it.
const shortestPiece = 60 * time.Second

// restOfInterval is not worth another piece.
const restOfInterval = time.Second

// slice prepares the first piece; nil leaves the wait as it is.
func (p *Proxy) slice(request *upstream.Request, body []byte, held *wait) *slicing {
	most := p.settings.Load().Hold.Slice
	if most == 0 {
		return nil
	}
	most = max(most, time.Duration(p.least.Load()))
	if held.form == "unread" || held.goes <= most {
		return nil
	}
	s := &slicing{body: body, most: most, until: held.began.Add(held.goes)}
	if !s.cut(request, held.ask, most) {
		return nil
	}
	return s
}

// cut makes the request ask for one piece.
func (s *slicing) cut(request *upstream.Request, a ask, piece time.Duration) bool {
	if piece >= a.interval {
		replaceBody(request, s.body) // the server wants no less than the device does
		s.piece, s.began = a.interval, time.Now()
		return true
	}
	lowered, goes, ok := lower(s.body, a, piece)
	if !ok || goes > piece { // minutes: a Sync's Wait cannot be shorter than one
		return false
	}
	replaceBody(request, lowered)
	s.piece, s.began = goes, time.Now()
	return true
}

// goesOn tells whether another piece follows upon an answer, and prepares it.
func (x *exchange) goesOn(answer *heldAnswer) bool {
	if x.slices == nil || answer == nil || !answer.whole {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	piece := x.slices.next(time.Now(), x.first.ask, answer)
	if x.slices.told {
		x.proxy.least.Store(int64(x.slices.most))
	}
	if x.over || piece == 0 {
		return false
	}
	request := *x.request
	request.Header = request.Header.Clone()
	if !x.slices.cut(&request, x.first.ask, piece) {
		return false
	}
	x.request = &request
	answer.Close()
	return true
}

// next is the length of the piece that follows upon an answer, 0 if none does.
func (s *slicing) next(now time.Time, a ask, answer *heldAnswer) time.Duration {
	left := s.until.Sub(now)
	over, wanted := s.meaning(a, answer)
	switch {
	case left < restOfInterval:
		return 0
	case wanted > 0 && !s.told: // the server takes no pieces of our length
		s.told, s.most = true, wanted
		return wanted
	case !over || now.Sub(s.began) < s.piece/2: // or the two of us would ask in a circle
		return 0
	}
	return max(min(s.most, left), min(s.most, shortestPiece))
}

// meaning tells whether an answer only says that the piece is over, or which interval
// the server wants instead.
func (s *slicing) meaning(a ask, answer *heldAnswer) (over bool, wanted time.Duration) {
	if a.kind == kindSync {
		said, err := watch.ReadWhole(answer.body, answer.Get("Content-Encoding"))
		switch {
		case err != nil:
			return false, 0
		case said.Status == eas.SyncInvalidWait && said.Limit > 0:
			return false, time.Duration(said.Limit) * a.unit()
		}
		return said.Empty, 0
	}
	body, err := watch.Unpacked(answer.body, answer.Get("Content-Encoding"))
	if err != nil {
		return false, 0
	}
	said, err := eas.ParsePingResponse(body)
	if err != nil {
		return false, 0
	}
	return said.Status == eas.PingExpired, time.Duration(said.Interval) * time.Second
}

// unit is that of a Sync's interval; without a body it was asked for by us, see lower.
func (a *ask) unit() time.Duration {
	if a.sync != nil {
		return a.sync.Unit()
	}
	return time.Second
}
