package proxy

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/wbxml/eas"
)

// access is the log's line of one request that does not wait, from its beginning to
// its end. It stands between the request and who answers it, and counts.
type access struct {
	http.ResponseWriter
	began    time.Time
	up       atomic.Int64 // bytes of the request's body; whoever sends it up may outlive the handler
	down     int64        // bytes of the answer's body
	code     int          // 0: no answer has begun
	upstream time.Duration
	over     bool // the answer was not cut
	waits    bool // it has lines of its own

	command string
	user    string // as the query claims, in the one spelling
	device  string // likewise, its id
	kind    string // its type
	rule    string // that decided; "": none was asked
}

// serveLogged serves a request and writes its line. A wait has two others.
func (p *Proxy) serveLogged(w http.ResponseWriter, r *http.Request) {
	if !p.settings.Load().LogRequests || !p.config.Log.Core().Enabled(zap.InfoLevel) {
		p.serve(w, r)
		return
	}
	a := &access{ResponseWriter: w, began: time.Now(), command: notActiveSync}
	if r.ContentLength != 0 {
		r.Body = &counted{r.Body, &a.up}
	}
	defer func() { // an answer that is cut ends in a panic
		if !a.waits {
			p.logAccess(a, r)
		}
	}()
	p.serve(a, r)
	a.over = true
}

// Unwrap lets http.ResponseController through, to flush and to take over.
func (a *access) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader notes the code of the answer; a 1xx is none yet, but for 101.
func (a *access) WriteHeader(code int) {
	if a.code == 0 && (code >= 200 || code == http.StatusSwitchingProtocols) {
		a.code = code
	}
	a.ResponseWriter.WriteHeader(code)
}

func (a *access) Write(p []byte) (int, error) {
	if a.code == 0 {
		a.code = http.StatusOK // as the http.Server has it
	}
	n, err := a.ResponseWriter.Write(p)
	a.down += int64(n)
	return n, err
}

// counted is a request's body.
type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// accessOf is the line of the request that w answers; one that nobody reads where none
// is written.
func accessOf(w http.ResponseWriter) *access {
	if a, ok := w.(*access); ok {
		return a
	}
	return &access{}
}

// asks notes what an ActiveSync request says of itself, and the rule that decides.
func (a *access) asks(query eas.Envelope, rule string) {
	a.rule, a.command = rule, query.Command.String()
	a.user, a.device, a.kind = fold(query.User), query.DeviceKey(), query.DeviceType
}

// logAccess writes the line. No path and no query stand in it: EWS, SOGo and OWA have
// mailboxes in their paths, and ActiveSync has the user and the device in its query.
func (p *Proxy) logAccess(a *access, r *http.Request) {
	network, _ := p.cameFrom(r)
	user := principal(r)
	if user == "" {
		user = a.user
	}
	p.config.Log.Info("request",
		zap.String("method", knownMethod(r.Method)),
		zap.String("path_class", pathClass(r.URL.Path)),
		zap.String("protocol", r.Proto),
		zap.String("command", a.command),
		zap.String("user", p.named(user)),
		zap.String("device", p.named(a.device)),
		zap.String("device_type", p.masked(a.kind, user, a.device)),
		zap.String("client", r.RemoteAddr),
		zap.String("network", network.Name),
		zap.String("rule", a.rule),
		zap.Int("code", a.code),
		zap.Bool("cut", !a.over),
		zap.Int64("request_bytes", a.up.Load()),
		zap.Int64("answer_bytes", a.down),
		zap.Float64("took_seconds", time.Since(a.began).Seconds()),
		zap.Float64("upstream_seconds", a.upstream.Seconds()),
		zap.String("user_agent", p.masked(r.UserAgent(), user, a.device)))
}

// methods are those that phones, Outlook and calendars use; "other" is any other, for a
// client may write there what it likes.
var methods = map[string]bool{
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true, "CONNECT": true, "TRACE": true,
	"PROPFIND": true, "PROPPATCH": true, "REPORT": true, "SEARCH": true, "MKCOL": true, "MKCALENDAR": true, "COPY": true, "MOVE": true,
	"LOCK": true, "UNLOCK": true, "ACL": true, // RFC 4918, 3253, 4791, 3744, 5323
	"RPC_IN_DATA": true, "RPC_OUT_DATA": true, // MS-RPCH 2.1.2.1
}

func knownMethod(method string) string {
	if methods[method] {
		return method
	}
	return "other"
}

// pathClasses are the first segments of paths that are somebody's, and safe to name.
var pathClasses = map[string]string{
	"autodiscover": "autodiscover", "ews": "ews", "mapi": "mapi", "rpc": "rpc", "rpcwithcert": "rpc", "oab": "oab",
	"owa": "owa", "ecp": "ecp", "powershell": "powershell", "sogo": "sogo", "api": "api", ".well-known": "well-known",
	"dav": "dav", "caldav": "dav", "carddav": "dav", "remote.php": "dav", "principals": "dav",
	"": "root",
}

// pathClass says whose a path is, by its beginning alone.
func pathClass(path string) string {
	if eas.IsActiveSync(path) {
		return "activesync"
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if class, known := pathClasses[strings.ToLower(first)]; known {
		return class
	}
	return "other"
}
