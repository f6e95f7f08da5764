package lab

import (
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// integrated says whether a path lies behind Windows authentication.
func integrated(path string) bool {
	path = strings.ToLower(path)
	return strings.HasPrefix(path, "/ews/") || strings.HasPrefix(path, "/rpc/") || strings.HasPrefix(path, "/mapi/")
}

// integrated authenticates the connection and not the request, as IIS does with NTLM: after the handshake each
// request on this connection is that user's, with or without an Authorization header. It answers with the user's
// name, so that a proxy that mixes connections is found out.
func (s *Server) integrated(w http.ResponseWriter, r *http.Request) {
	conn := connOf(r.Context())
	if conn == nil {
		s.send(w, &answer{code: 500, header: http.Header{"Content-Type": {"text/plain"}},
			body: []byte("lab: NTLM needs Server.ConnContext in the http.Server\n")})
		return
	}
	io.Copy(io.Discard, io.LimitReader(r.Body, s.cfg.MaxBody))
	conn.mu.Lock()
	defer conn.mu.Unlock()
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case token != "" && (strings.EqualFold(scheme, "NTLM") || strings.EqualFold(scheme, "Negotiate")):
		if a := s.handshake(conn, scheme, token); a != nil {
			s.send(w, a)
			return
		}
	case token != "" || conn.user == "":
		s.send(w, unauthorized("Negotiate", "NTLM"))
		return
	}
	s.send(w, &answer{code: http.StatusOK, body: []byte(conn.user + "\n"), header: http.Header{
		"Content-Type":     {"text/plain"},
		"X-Lab-User":       {conn.user},
		"X-Lab-Connection": {strconv.Itoa(conn.number)},
	}})
}

// handshake goes one step. The answer is nil when the connection is authenticated now.
func (s *Server) handshake(conn *connection, scheme, token string) *answer {
	msg, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return refuse(http.StatusBadRequest)
	}
	kind, err := ntlmType(msg)
	switch {
	case err != nil:
		return refuse(http.StatusBadRequest)
	case kind == 1: // from here on the connection is nobody's, until message 3 proves who it is
		conn.user, conn.challenge = "", make([]byte, 8)
		rand.Read(conn.challenge)
		return unauthorized(scheme + " " + base64.StdEncoding.EncodeToString(ntlmChallenge(conn.challenge)))
	case kind != 3 || conn.challenge == nil: // a message 3 on another connection than its message 1
		return unauthorized("Negotiate", "NTLM")
	}
	challenge := conn.challenge
	conn.challenge = nil // good for one try
	r, err := readNTLMResponse(msg)
	if err != nil {
		return refuse(http.StatusBadRequest)
	}
	s.mu.Lock()
	box := s.boxes[account(r.user)]
	s.mu.Unlock()
	if box == nil || !r.proves(box.password, challenge) {
		return unauthorized("Negotiate", "NTLM")
	}
	conn.user = box.user
	return nil
}

// unauthorized has no body: a client that does not read it must still be able to go on on this connection.
func unauthorized(schemes ...string) *answer {
	return &answer{code: http.StatusUnauthorized, header: http.Header{"WWW-Authenticate": schemes}}
}
