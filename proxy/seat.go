package proxy

import (
	"net/http"
	"time"
)

// seat is where a phone waits for its answer: its connection alone, parked, or a
// handler of the http.Server (HTTP/2, and where connections cannot be parked). What
// is given comes after finish, so once.
type seat interface {
	// whole gives an answer that is all here; written is called when it is out.
	whole(a complete, written func())
	// stream lets write give the answer.
	stream(write http.HandlerFunc)
}

// handlerSeat is a handler that waits.
type handlerSeat struct {
	proxy  *Proxy
	held   *wait
	w      http.ResponseWriter
	r      *http.Request
	answer chan http.HandlerFunc // one, so that nobody has to wait for the handler

	streams <-chan struct{} // closed when nothing reads the request's body any more; nil: nothing does
}

func (p *Proxy) seat(w http.ResponseWriter, r *http.Request, up *exchange) *handlerSeat {
	return &handlerSeat{
		proxy: p, held: up.first, w: w, r: r,
		answer: make(chan http.HandlerFunc, 1), streams: up.streams,
	}
}

func (s *handlerSeat) whole(a complete, written func()) {
	s.answer <- func(w http.ResponseWriter, _ *http.Request) {
		a.writeTo(w)
		written()
	}
}

func (s *handlerSeat) stream(write http.HandlerFunc) { s.answer <- write }

// parkAfter is how long a handler waits before it leaves the connection alone. What
// is refused, or has news, is answered sooner, and costs no more than other requests.
const parkAfter = 200 * time.Millisecond

// stay returns when the handler may: when the answer is out, or the connection is
// parked.
func (s *handlerSeat) stay() {
	if s.streams != nil {
		defer func() { <-s.streams }() // net/http takes the body back when the handler returns
	}
	var impatient <-chan time.Time // nil: never
	if s.mayPark() {
		impatient = time.After(parkAfter)
	}
	for {
		select {
		case write := <-s.answer:
			write(s.w, s.r)
			return
		case <-s.r.Context().Done():
			if s.proxy.leave(s.held, s.held.client.howItLeft()) {
				panic(http.ErrAbortHandler) // nobody is there to read an answer
			}
			(<-s.answer)(s.w, s.r) // it came at the same moment
			return
		case <-impatient:
			if s.park() {
				return
			}
		}
	}
}
