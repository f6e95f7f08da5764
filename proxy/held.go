package proxy

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"github.com/diastole/diastole/proxy/upstream"
)

// bodyTime bounds how long a body that is read before it goes up may take to come
// in. Before it is there, nothing waits, and a client that sends a byte a minute
// would hold a connection for nothing.
const bodyTime = time.Minute

// inTime bounds a read of a request's body. After an error the bound stays: to
// keep the connection, net/http would wait for the rest of the body, for ever.
func inTime(w http.ResponseWriter, read func() error) error {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime))
	err := read()
	if err == nil {
		_ = control.SetReadDeadline(time.Time{})
	}
	return err
}

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
	err = inTime(w, func() error {
		body, whole, err = readUpTo(r.Body, wholeBody)
		return err
	})
	if err != nil {
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
