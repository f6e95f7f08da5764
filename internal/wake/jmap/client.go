package jmap

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	answerTime = 20 * time.Second // for a whole answer that is no stream
	answerSize = 1 << 20          // of a session or of an API answer; real ones have some KiB
	mostHops   = 4                // redirects from /.well-known/jmap to the session
)

// client asks the server as one user.
type client struct {
	origin *url.URL
	who    credentials
	http   *http.Client
}

// newClient makes a client with connections of its own. They are shared with no other
// user, and closed with the line: what is left in their buffers goes with them. Over
// HTTP/1.1 only, since HPACK's table (RFC 7541 2.3) would keep the credentials for as
// long as a connection lives that belongs to many.
func (s *Source) newClient(who credentials) *client {
	transport := &http.Transport{
		DialContext: s.config.Dial, TLSClientConfig: s.tls,
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 1,
		DisableCompression:     true, // a small answer must not unpack to a large one, nor a stream wait for a full block
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &client{origin: s.origin, who: who, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // only session follows
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// at is where the server says that something is, on the host that the operator has
// named. Host and scheme of what it says are dropped: behind a reverse proxy they are
// often another's (James says localhost until it is told otherwise), and if they were
// followed the server could send every user's credentials to anybody.
func (c *client) at(base *url.URL, said string) (*url.URL, error) {
	u, err := base.Parse(said)
	if err != nil || said == "" {
		return nil, &failure{why: "malformed", what: "the session names something else where a URL belongs", pause: latest}
	}
	u.Scheme, u.Host, u.User, u.Fragment, u.Opaque = c.origin.Scheme, c.origin.Host, nil, "", ""
	return u, nil
}

// do sends one request with the credentials. The answer may have any status.
func (c *client) do(ctx context.Context, method string, to *url.URL, header http.Header, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	r.Header.Set("User-Agent", "diastole")
	r.SetBasicAuth(c.who.user, c.who.password)
	return c.http.Do(r)
}

// session asks for the session, and follows redirects on the same host (RFC 8620 2.2).
func (c *client) session(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	to := c.origin
	for range mostHops {
		r, err := c.do(ctx, http.MethodGet, to, http.Header{"Accept": {"application/json"}}, nil)
		if err != nil {
			return nil, err
		}
		if r.StatusCode/100 != 3 {
			return c.readSession(r, to)
		}
		r.Body.Close()
		if to, err = c.hop(to, r.Header.Get("Location")); err != nil {
			return nil, err
		}
	}
	return nil, &failure{why: "redirect", pause: rest, what: "the session: redirected again and again"}
}

// hop is where a redirect leads. A name without its port, or http behind a proxy that
// ends TLS, is still this server; any other host never sees the credentials.
func (c *client) hop(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err == nil && to.Hostname() == c.origin.Hostname() {
		return c.at(from, location)
	}
	return nil, &failure{why: "redirect", pause: rest,
		what: "the session: redirected to another host, where no credentials are sent; if it is the right one, name it in wake.jmap.url"}
}

func (c *client) readSession(r *http.Response, at *url.URL) (*session, error) {
	defer r.Body.Close()
	if err := refusal("the session", r); err != nil {
		return nil, err
	}
	var doc sessionDocument
	if err := decode(r.Body, &doc); err != nil {
		return nil, err
	}
	return c.read(&doc, at)
}

// invocation is one method call, or its response (RFC 8620 3.2).
type invocation struct {
	name string
	args json.RawMessage
	id   string
}

// MarshalJSON implements json.Marshaler.
func (i invocation) MarshalJSON() ([]byte, error) { return json.Marshal([]any{i.name, i.args, i.id}) }

// UnmarshalJSON implements json.Unmarshaler.
func (i *invocation) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&i.name, &i.args, &i.id})
}

// call runs method calls in one request (RFC 8620 3.3) and gives the responses, in
// their order. One that failed is called "error".
func (c *client) call(ctx context.Context, s *session, calls ...invocation) ([]invocation, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	body, err := json.Marshal(map[string]any{"using": s.using, "methodCalls": calls})
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	r, err := c.do(ctx, http.MethodPost, s.api, header, body)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if err := refusal("the API", r); err != nil {
		return nil, err
	}
	var answer struct {
		MethodResponses []invocation `json:"methodResponses"`
	}
	err = decode(r.Body, &answer)
	return answer.MethodResponses, err
}

// decode reads a JSON document of bounded size to its end, so that its connection can
// be used again.
func decode(body io.Reader, into any) error {
	text, err := io.ReadAll(io.LimitReader(body, answerSize+1))
	if err != nil {
		return err
	}
	if len(text) > answerSize {
		return &failure{why: "oversize", what: fmt.Sprintf("an answer of over %d bytes", answerSize), pause: latest}
	}
	if json.Unmarshal(text, into) != nil { // the error would quote what the server said
		return &failure{why: "malformed", what: "an answer that is not the JSON of RFC 8620", pause: latest,
			cause: errors.New("is there a JMAP server behind wake.jmap.url?")}
	}
	return nil
}
