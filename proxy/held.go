package proxy

import (
	"bytes"
	"io"
	"net/http"

	"github.com/diastole/diastole/proxy/upstream"
)

// waitRequest prepares a Ping or Sync. Its body is read before it goes up, if it
// is short enough to be read at all; body is nil with whole false if it is not.
func (p *Proxy) waitRequest(w http.ResponseWriter, r *http.Request) (out *upstream.Request, body []byte, whole bool, err error) {
	out = &upstream.Request{
		Method: r.Method,
		Target: p.target(r),
		Host:   p.host(r),
		Header: p.requestHeader(r),
		// Interim stays nil: a 1xx in the middle of a wait would wake the radio.
	}
	in := incoming{from: r.Body, request: r, control: http.NewResponseController(w), pause: shortPause}
	if body, whole, err = readUpTo(&in, wholeBody); err != nil {
		return nil, nil, false, err
	}
	if whole {
		out.Bytes, out.Chunked, out.Trailer = body, r.ContentLength < 0, clean(r.Trailer)
		return out, body, true, nil
	}
	p.stream(out, w, r, io.MultiReader(bytes.NewReader(body), r.Body))
	return out, nil, false, nil
}

// readUpTo reads a body of at most limit bytes; whole is false if there is more,
// and b is then what was read ahead of it.
func readUpTo(body io.Reader, limit int) (b []byte, whole bool, err error) {
	b = make([]byte, 0, 512) // most are shorter
	for len(b) <= limit {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, true, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
	return b, false, nil
}
