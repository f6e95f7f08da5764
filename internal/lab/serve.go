package lab

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/diastole/diastole/wbxml/eas"
)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	active := eas.IsActiveSync(r.URL.Path)
	env, bad := eas.Envelope{}, error(nil)
	if active && r.Method == http.MethodPost {
		env, bad = eas.ParseQuery(r.URL.RawQuery)
		env.FillFromHeader(r.Header.Get)
	}
	// Before authentication: a gateway's sign-in page or a dying worker asks for no password.
	f := s.fault(s.request(r, env))
	if active && !s.readBody(w, r) {
		return
	}
	switch {
	case s.instead(w, r, f):
	case active:
		a := s.activeSync(r, env, bad, f)
		if s.cfg.Gzip { // seen of Exchange: 13 bytes of Ping came as 140 of gzip
			a.compress(r)
		}
		if f.mangles() {
			s.mangle(w, a, f)
			return
		}
		s.send(w, a)
	case s.speaksJMAP(r.URL.Path):
		s.jmap.serve(w, r)
	case integrated(r.URL.Path):
		s.integrated(w, r)
	default:
		s.send(w, refuse(http.StatusNotFound))
	}
}

// readBody takes the whole body into memory, where faults and commands find it. A connection that is closed with
// unread bytes would end with RST where a FIN is meant.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.cfg.MaxBody))
	if err != nil {
		s.send(w, refuse(http.StatusRequestEntityTooLarge))
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return true
}

// request is what a Match sees.
func (s *Server) request(r *http.Request, env eas.Envelope) *Request {
	user, _, _ := r.BasicAuth()
	q := &Request{HTTP: r, Command: env.CommandName, User: account(user), DeviceID: env.DeviceID}
	if c := connOf(r.Context()); c != nil {
		q.Conn, q.Nth = c.number, int(c.requests.Add(1))
	}
	return q
}

// activeSync answers a request to /Microsoft-Server-ActiveSync.
func (s *Server) activeSync(r *http.Request, env eas.Envelope, bad error, f *Fault) *answer {
	box, a := s.authenticate(r)
	if a != nil {
		return a
	}
	defer s.release(box)
	switch {
	case r.Method == http.MethodOptions: // asks for the password too (MS-ASHTTP 2.2.3.1.2)
		return options()
	case r.Method != http.MethodPost:
		return refuse(http.StatusNotImplemented)
	case bad != nil:
		return refuse(http.StatusBadRequest)
	}
	body, _ := io.ReadAll(r.Body)
	c := &call{server: s, http: r, env: env, box: box, body: body, fault: f}
	return c.run()
}

// authenticate finds the mailbox of a request's Basic credentials and counts the request, or gives the refusal.
func (s *Server) authenticate(r *http.Request) (*mailbox, *answer) {
	user, password, ok := r.BasicAuth()
	s.mu.Lock()
	defer s.mu.Unlock()
	box := s.boxes[account(user)]
	if !ok || box == nil || box.password != password {
		return nil, unauthorized(`Basic realm="lab"`)
	}
	// A held Ping is one of them until its answer is written, and the new request fails, not the old one.
	if s.cfg.MaxConcurrent > 0 && box.active >= s.cfg.MaxConcurrent {
		a := refuse(http.StatusServiceUnavailable)
		a.header["Retry-After"] = []string{seconds(s.cfg.RetryAfter)}
		return nil, a
	}
	box.active++
	return box, nil
}

func (s *Server) release(b *mailbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.active--
}

// account is the plain name in DOMAIN\user and user@domain.
func account(login string) string {
	if _, user, ok := strings.Cut(login, `\`); ok {
		login = user
	}
	login, _, _ = strings.Cut(login, "@")
	return login
}
