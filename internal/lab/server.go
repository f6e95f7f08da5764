package lab

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// ServerConfig describes a Server; the zero value is an Exchange with no users.
type ServerConfig struct {
	Users  map[string]string // user -> password
	Domain string            // mail to user@Domain is delivered here; default lab.test

	Policy bool // devices must Provision: 449 up to 12.1, Status 142 to 144 in the body from 14.0 on

	MinHeartbeat, MaxHeartbeat time.Duration // of Ping and Sync; default 60 s and 3540 s, Exchange's (MS-ASCMD App. A 7, 8)
	MaxFolders                 int           // in one Ping or Sync; default 200

	Collision     Collision
	KeepAbandoned bool // a wait goes on when its client has left, as with SOGo and Z-Push

	MaxConcurrent int           // requests of one user at a time (EasMaxConcurrency); 0 = no limit. Above: 503
	RetryAfter    time.Duration // of that 503; default 60 s

	// Pace makes the server live so many times faster: it holds 480 s for 8 with 60. Default 1.
	Pace int

	Gzip    bool  // pack answers for clients that offer it
	Chunked bool  // answer without Content-Length
	MaxBody int64 // of a request; default 64 MiB, above it 413
}

// Server is an ActiveSync server in memory. It is an http.Handler for every path a phone or Outlook asks:
// ActiveSync, and behind NTLM /EWS/, /rpc/ and /mapi/.
//
// Listen and Serve are the easy way to run it. In another http.Server, ConnContext must be that server's: a
// connection that NTLM authenticated has to be told from others, and faults count its requests.
type Server struct {
	cfg   ServerConfig
	life  *lifetime
	conns counter

	mu      sync.Mutex
	boxes   map[string]*mailbox
	rules   []*rule
	held    int
	keys    int // policy keys given out
	servers []*http.Server
	jmap    *JMAP // nil: none
}

// NewServer makes a server with its users' empty mailboxes.
func NewServer(cfg ServerConfig) *Server {
	standard(&cfg.Domain, "lab.test")
	standard(&cfg.MinHeartbeat, time.Minute)
	standard(&cfg.MaxHeartbeat, 3540*time.Second)
	standard(&cfg.MaxFolders, 200)
	standard(&cfg.RetryAfter, time.Minute)
	standard(&cfg.MaxBody, 64<<20)
	standard(&cfg.Pace, 1)
	s := &Server{cfg: cfg, life: newLifetime(), boxes: map[string]*mailbox{}}
	for user, password := range cfg.Users {
		s.boxes[user] = newMailbox(user, password)
	}
	return s
}

// standard sets what was left out.
func standard[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Listen serves on a free port of 127.0.0.1 until Close and gives the base URL. With config it speaks TLS, HTTP/1.1 only.
func (s *Server) Listen(config *tls.Config) (url string, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	scheme := "http://"
	if config != nil {
		config = config.Clone()
		config.NextProtos = []string{"http/1.1"}
		ln, scheme = tls.NewListener(ln, config), "https://"
	}
	go s.Serve(ln)
	return scheme + ln.Addr().String(), nil
}

// Serve answers what ln accepts until Close.
func (s *Server) Serve(ln net.Listener) error {
	h := &http.Server{Handler: s, ConnContext: s.ConnContext, ReadHeaderTimeout: time.Minute}
	s.mu.Lock()
	s.servers = append(s.servers, h)
	s.mu.Unlock()
	if s.life.Err() != nil { // Close came first and did not see this one
		h.Close()
	}
	return h.Serve(ln)
}

// Close ends every wait and every connection at once.
func (s *Server) Close() {
	s.life.end()
	s.mu.Lock()
	servers := s.servers
	s.mu.Unlock()
	for _, h := range servers {
		h.Close()
	}
}
