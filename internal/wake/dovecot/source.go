package dovecot

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/wake"
)

// Config is what a Source is made of.
type Config struct {
	Listen string     // HOST:PORT
	Token  string     // what Dovecot proves itself with, at least 16 characters
	Users  wake.Users // as the Hub has it: Dovecot's names are compared in the same form

	// Told gets what Dovecot tells this node, for other nodes; it must not block. nil: nobody.
	Told func(Notice)

	Log        *zap.Logger
	Metrics    *wake.Metrics         // nil: counted nowhere
	Registerer prometheus.Registerer // for the metrics of the endpoint; nil: nowhere
}

// ShortestToken in characters: who can guess it can wake phones as often as he likes.
const ShortestToken = 16

// A Source is told of changes by Dovecot.
type Source struct {
	config     Config
	listener   net.Listener
	server     *http.Server
	doors      *doors
	belief     *belief
	counts     counts
	complaints complaints
	served     chan struct{} // closed when the endpoint has ended

	mu       sync.Mutex
	watchers map[string]map[*watcher]struct{} // by key
}

// Listen opens the endpoint and serves it until Close.
func Listen(c Config) (*Source, error) {
	if len(c.Token) < ShortestToken {
		return nil, fmt.Errorf("the token for Dovecot has %d characters, at least %d are needed: `openssl rand -hex 24` makes one", len(c.Token), ShortestToken)
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the token for Dovecot has a space or a character that no header can carry: `openssl rand -hex 24` makes one without")
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("the endpoint for Dovecot: %w", err)
	}
	return serve(c, listener), nil
}

func serve(c Config, listener net.Listener) *Source {
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	s := &Source{
		config: c, listener: listener, served: make(chan struct{}),
		doors: newDoors(mostConnections), belief: newBelief(c.Log, c.Metrics), counts: newCounts(c.Registerer),
		complaints: complaints{last: map[string]time.Time{}},
		watchers:   map[string]map[*watcher]struct{}{},
	}
	s.server = s.newServer()
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener) // it ends when it is closed, and not before
	}()
	return s
}

// Addr is where it listens.
func (s *Source) Addr() net.Addr { return s.listener.Addr() }

// Name is the source's name in metrics.
func (s *Source) Name() string { return name }

const name = "dovecot"

// Close ends the endpoint. A delivery that is just being told of is answered by a
// closed connection, which harms it as little as an endpoint that is not there.
func (s *Source) Close() {
	_ = s.server.Close()
	<-s.served
}

// key is what both names of a user are compared as: Dovecot's own are in lower case
// by default (auth_username_format = %Lu), phones' are as somebody typed them.
func (s *Source) key(user string) string { return strings.ToLower(s.config.Users.Name(user)) }

// known compares in constant time: how far a guess was right must not show.
func (s *Source) known(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.config.Token)) == 1
}

// watcher is one who waits.
type watcher struct {
	source *Source
	key    string
	waits  wake.Classes
	heard  func(changed bool)
}

// Watch says of each change that Dovecot tells of in a folder that is waited on.
func (s *Source) Watch(m wake.Mailbox, heard func(changed bool)) wake.Watching {
	w := &watcher{source: s, key: s.key(m.User), waits: m.Waits(), heard: heard}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watchers[w.key] == nil {
		s.watchers[w.key] = map[*watcher]struct{}{}
	}
	s.watchers[w.key][w] = struct{}{}
	return w
}

// Covers is what the driver tells of that was heard, unless it was found wanting.
func (w *watcher) Covers() wake.Classes { return w.source.belief.covers(w.key) }

// Leave forgets the watcher.
func (w *watcher) Leave() {
	s := w.source
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers[w.key], w)
	if len(s.watchers[w.key]) == 0 {
		delete(s.watchers, w.key)
	}
}

// Missed says that nothing was told of a change of the user's mail.
func (s *Source) Missed(user string) {
	key := s.key(user)
	if s.belief.missed(key, time.Now()) {
		s.speak(s.everybody(), false)
		return
	}
	s.speak(s.of(key, ^wake.Classes(0)), false)
}

// take tells those whom a notice concerns, and everybody who is covered otherwise than
// before. It says how many were woken.
func (s *Source) take(d driver, n notice) int {
	key := s.key(n.user)
	woken := s.of(key, n.classes)
	if len(woken) == 0 {
		woken = s.namesakes(key, n.classes)
	}
	s.speak(woken, true)
	s.believe(d, key)
	for _, w := range woken {
		if w.key != key {
			s.believe(d, w.key)
		}
	}
	return len(woken)
}

// believe takes in that a driver has spoken of a user.
func (s *Source) believe(d driver, key string) {
	switch s.belief.heard(d, key, time.Now()) {
	case all:
		// Thousands perhaps: not while a delivery waits.
		go func() { s.speak(s.everybody(), false) }()
	case one:
		s.speak(s.of(key, ^wake.Classes(0)), false)
	}
}

// of are those who wait for a user's mail in one of the classes.
func (s *Source) of(key string, classes wake.Classes) (found []*watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watchers[key] {
		if w.waits&classes != 0 {
			found = append(found, w)
		}
	}
	return found
}

// namesakes are those who wait under the same name with a domain where Dovecot has none,
// or without where it has one: a delivery over LMTP names u@d for whom sessions call u.
// Where two domains have a u, the other one is woken for nothing: a question, and no
// word of whose mail it was.
func (s *Source) namesakes(key string, classes wake.Classes) (found []*watcher) {
	if local, _, has := strings.Cut(key, "@"); has {
		return s.of(local, classes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, watchers := range s.watchers {
		if !strings.HasPrefix(other, key+"@") {
			continue
		}
		for w := range watchers {
			if w.waits&classes != 0 {
				found = append(found, w)
			}
		}
	}
	return found
}

func (s *Source) everybody() (found []*watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, watchers := range s.watchers {
		for w := range watchers {
			found = append(found, w)
		}
	}
	return found
}

// speak is done outside the lock: who is told may ask what is covered, or leave.
func (s *Source) speak(to []*watcher, changed bool) {
	for _, w := range to {
		w.heard(changed)
	}
}
