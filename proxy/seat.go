package proxy

import "net/http"

// seat is where a phone waits for its answer: its connection alone, parked, or a
// handler of the http.Server (HTTP/2, and where connections cannot be parked). What
// is given comes after finish, so once.
type seat interface {
	// whole gives an answer that is all here; written is called when it is out.
	whole(a complete, written func())
	// stream lets write give the answer.
	stream(write http.HandlerFunc)
	// stay returns when the handler may: at once, or when the answer is out.
	stay()
}

// seat takes the connection out of the http.Server if that is possible.
func (p *Proxy) seat(w http.ResponseWriter, r *http.Request, up *exchange) seat {
	if up.streams == nil { // the handler is needed while the body is read
		if parked := p.park(w, r, up.first); parked != nil {
			return parked
		}
	}
	return &handlerSeat{held: up.first, proxy: p, w: w, r: r, answer: make(chan http.HandlerFunc, 1), streams: up.streams}
}

// handlerSeat is a handler that waits.
type handlerSeat struct {
	held   *wait
	proxy  *Proxy
	w      http.ResponseWriter
	r      *http.Request
	answer chan http.HandlerFunc // one, so that nobody has to wait for the handler

	streams <-chan struct{} // closed when nothing reads the request's body any more; nil: nothing does
}

func (s *handlerSeat) whole(a complete, written func()) {
	s.answer <- func(w http.ResponseWriter, _ *http.Request) {
		a.writeTo(w)
		written()
	}
}

func (s *handlerSeat) stream(write http.HandlerFunc) { s.answer <- write }

func (s *handlerSeat) stay() {
	if s.streams != nil {
		defer func() { <-s.streams }() // net/http takes the body back when the handler returns
	}
	select {
	case write := <-s.answer:
		write(s.w, s.r)
	case <-s.r.Context().Done():
		if s.proxy.leave(s.held, s.held.client.howItLeft()) {
			panic(http.ErrAbortHandler) // nobody is there to read an answer
		}
		(<-s.answer)(s.w, s.r) // it came at the same moment
	}
}
