package lab

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Capabilities of RFC 8620, RFC 8621, draft-ietf-jmap-calendars and RFC 9610.
const (
	jmapCore      = "urn:ietf:params:jmap:core"
	jmapMail      = "urn:ietf:params:jmap:mail"
	jmapCalendars = "urn:ietf:params:jmap:calendars"
	jmapContacts  = "urn:ietf:params:jmap:contacts"
)

// JMAPConfig says what the server speaks; the zero value is a server for mail, calendars and contacts that streams
// events and takes no push subscriptions.
type JMAPConfig struct {
	MailOnly  bool          // no calendars and contacts
	Off       bool          // no events: 204, as Cyrus without its WebSocket library answers
	Announced string        // what the URLs of the session begin with; "": they are relative to it
	MinPing   time.Duration // shorter ping intervals are lengthened to this one (RFC 8620 7.3)

	Push       *http.Client  // what posts to push subscriptions with; nil: the server knows none
	MaxExpires time.Duration // longest life of a subscription; default a week
}

// JMAP is the part of a Server that speaks JMAP (RFC 8620): the session at /.well-known/jmap and /jmap/session,
// states of Email, Mailbox, CalendarEvent and so on by their /get methods, EventSource, and push subscriptions with
// verification. States follow the mailboxes: whatever a phone, a delivery or another client changes moves them. Mail
// itself cannot be read through it.
type JMAP struct {
	cfg    JMAPConfig
	server *Server

	mu      sync.Mutex
	streams map[*jmapStream]struct{}
	subs    map[string]*jmapSubscription
	made    int // subscriptions ever made
	deaf    bool
}

// JMAP makes the server speak JMAP too, under its own URL. Faults match its requests by their path.
func (s *Server) JMAP(cfg JMAPConfig) *JMAP {
	standard(&cfg.MaxExpires, 7*24*time.Hour)
	j := &JMAP{cfg: cfg, server: s, streams: map[*jmapStream]struct{}{}, subs: map[string]*jmapSubscription{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jmap = j
	return j
}

// On a path: OnPath("/jmap/events") matches what asks for it.
func OnPath(prefix string) Match {
	return func(r *Request) bool { return strings.HasPrefix(r.HTTP.URL.Path, prefix) }
}

func (s *Server) speaksJMAP(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jmap != nil && (path == "/.well-known/jmap" || strings.HasPrefix(path, "/jmap/"))
}

func (j *JMAP) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/.well-known/jmap" { // RFC 8620 2.2; servers send the client on
		w.Header()["Location"] = []string{"/jmap/session"}
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	box, refused := j.server.authenticate(r)
	if refused != nil {
		j.server.send(w, refused)
		return
	}
	defer j.server.release(box)
	switch r.URL.Path {
	case "/jmap/session":
		writeJSON(w, http.StatusOK, j.session(box))
	case "/jmap/api":
		j.api(w, r, box)
	case "/jmap/events":
		j.events(w, r, box)
	default:
		j.server.send(w, refuse(http.StatusNotFound))
	}
}

// session is the document of RFC 8620 section 2. A second account is shared with the user and not his own.
func (j *JMAP) session(b *mailbox) map[string]any {
	can, primary := map[string]any{}, map[string]string{}
	for _, c := range j.capabilities() {
		can[c] = map[string]any{}
		primary[c] = b.user
	}
	core := map[string]any{"maxCallsInRequest": 16, "maxSizeRequest": 1 << 20}
	all := map[string]any{jmapCore: core}
	for c := range can {
		all[c] = map[string]any{}
	}
	base := j.cfg.Announced + "/jmap/"
	return map[string]any{
		"capabilities": all, "username": b.user, "state": "1", "primaryAccounts": primary,
		"accounts": map[string]any{
			b.user:   map[string]any{"name": b.user, "isPersonal": true, "accountCapabilities": can},
			"shared": map[string]any{"name": "shared", "isPersonal": false, "accountCapabilities": can},
		},
		"apiUrl": base + "api", "downloadUrl": base + "download/{accountId}/{blobId}/{name}?type={type}",
		"uploadUrl":      base + "upload/{accountId}",
		"eventSourceUrl": base + "events?types={types}&closeafter={closeafter}&ping={ping}",
	}
}

func (j *JMAP) capabilities() []string {
	if j.cfg.MailOnly {
		return []string{jmapMail}
	}
	return []string{jmapMail, jmapCalendars, jmapContacts}
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(v)
}
