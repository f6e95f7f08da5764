package dovecot

import (
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// newServer is the endpoint. Dovecot gives a request up after 300 ms; what takes much
// longer is not Dovecot.
func (s *Source) newServer() *http.Server {
	mux := http.NewServeMux()
	mux.Handle("POST /lua", s.taking(lua))
	mux.Handle("PUT /ox", s.taking(ox))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.counts.of("", unknownPath)
		s.refuse(w, unknownPath, http.StatusNotFound, "here are POST /lua (deploy/dovecot/diastole.lua) and PUT /ox (Dovecot's OX driver)")
	})
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      5 * time.Second,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    8 << 10,
		ConnState:         s.doors.state,
		ErrorLog:          quietly(s.config.Log),
	}
}

// idleTimeout is longer than the script's own, so that it is the script that closes:
// on a connection that was closed here its next request is lost.
const idleTimeout = time.Minute

// taking is the way of a notification. The body is asked for only when the token is
// right: until then a client that expects 100-continue (RFC 9110 10.1.1) has not
// sent it, and net/http sends the 100 when it is read.
func (s *Source) taking(d driver) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.known(token(r)) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="diastole", Basic realm="diastole"`)
			s.counts.of(d.String(), wrongToken)
			s.refuse(w, wrongToken, http.StatusUnauthorized, "the token is missing or wrong: it stands in the file that wake.dovecot.token_file names")
			return
		}
		n, err := read(r.Body)
		if err != nil {
			s.counts.of(d.String(), unreadable)
			s.refuse(w, unreadable, http.StatusBadRequest, err.Error())
			return
		}
		result := woke
		if s.config.Told != nil {
			s.config.Told(Notice{Driver: d.String(), User: n.user, Classes: n.classes})
		}
		if s.take(d, n) == 0 {
			result = nobodyWaits
		}
		s.counts.of(d.String(), result)
		w.WriteHeader(http.StatusNoContent)
	})
}

// token is the request's: the script sends it as Bearer (RFC 6750 2.1). The OX driver
// can only send what stands in its URL as user and password, as Basic (RFC 7617);
// the user does not matter.
func token(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// refuse answers what is wrong, and logs it: the first time in an hour for the
// operator, who else sees it only as phones that are late.
func (s *Source) refuse(w http.ResponseWriter, result string, status int, why string) {
	level := zap.DebugLevel
	if s.complaints.first(result, time.Now()) {
		level = zap.WarnLevel
	}
	s.config.Log.Log(level, "notification refused", zap.String("source", s.Name()), zap.String("reason", result), zap.String("why", why))
	http.Error(w, "diastole: "+why, status)
}

// complaints are when what was last complained of.
type complaints struct {
	mu   sync.Mutex
	last map[string]time.Time // by result: there are three
}

func (c *complaints) first(what string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, ok := c.last[what]; ok && now.Sub(last) < quiet {
		return false
	}
	c.last[what] = now
	return true
}

// quietly takes what the server says of broken connections. Only debugging needs it.
func quietly(l *zap.Logger) *log.Logger {
	quiet, err := zap.NewStdLogAt(l, zap.DebugLevel)
	if err != nil {
		return log.New(io.Discard, "", 0)
	}
	return quiet
}
