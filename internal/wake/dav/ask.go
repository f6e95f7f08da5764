package dav

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// homes are where SOGo keeps a user's collections. Tasks are in the calendars.
var homes = []string{"Calendar/", "Contacts/"}

// question asks for one property (RFC 4918 9.1). SOGo reads no chunked body, this one
// has a length.
const question = `<?xml version="1.0" encoding="utf-8"?>` +
	`<propfind xmlns="DAV:" xmlns:cs="` + calendarServer + `"><prop><cs:getctag/></prop></propfind>`

const mostBytes = 256 << 10 // of one answer; SOGo takes 300 for a collection

// sight is what all of a user's collections looked like: a hash of their names and tags.
type sight [sha256.Size]byte

// newClient has no connection that stays: it would keep credentials in its buffers
// after nobody waits any more, and sogod closes its own without saying so. Over HTTP/1.1
// only, since HPACK's table (RFC 7541 2.3) keeps credentials too. TLS sessions are
// resumed, at a tenth of what a full handshake costs.
func newClient(c Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: c.Dial, DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12,
				ClientSessionCache: tls.NewLRUClientSessionCache(16)},
			TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
			TLSHandshakeTimeout:    10 * time.Second,
			DisableCompression:     true, // a small answer must not unpack to a large one
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask looks at everything that the user has.
func (s *Source) ask(ctx context.Context, who credentials) (seen sight, err error) {
	var all []string
	for _, home := range homes {
		some, err := s.propfind(ctx, who, home)
		if err != nil {
			return seen, err
		}
		all = append(all, some...)
	}
	slices.Sort(all) // no order is promised
	return sha256.Sum256([]byte(strings.Join(all, "\n"))), nil
}

// propfind asks for the tags of one home, and gives a line for each collection.
func (s *Source) propfind(ctx context.Context, who credentials, home string) ([]string, error) {
	to := s.base.JoinPath(url.PathEscape(who.user), home)
	r, err := http.NewRequestWithContext(ctx, "PROPFIND", to.String(), strings.NewReader(question))
	if err != nil {
		return nil, err
	}
	r.Header = http.Header{"Depth": {"1"}, "Content-Type": {"text/xml; charset=utf-8"}, "User-Agent": {"diastole"}}
	r.SetBasicAuth(who.user, who.password)
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if err := refusal(answer.StatusCode); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostBytes+1))
	if err != nil {
		return nil, err
	}
	if len(body) > mostBytes {
		return nil, &failure{why: "oversize", rests: true, what: "the DAV server's answer has over 256 KiB"}
	}
	return readTags(body)
}
