package lab

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/diastole/diastole/wbxml/eas"
)

// answerMost bounds what a phone takes into memory.
const answerMost = 128 << 20

// endpoint adds ActiveSync's path to a URL without one.
func endpoint(base string) string {
	u, err := url.Parse(base)
	if err == nil && (u.Path == "" || u.Path == "/") {
		u.Path = "/Microsoft-Server-ActiveSync"
		return u.String()
	}
	return base
}

// HTTPError is an answer that was not 200.
type HTTPError struct {
	Command    string
	Code       int
	RetryAfter time.Duration // of a 503
	location   string        // of a 451
}

func (e *HTTPError) Error() string { return fmt.Sprintf("lab: %s: HTTP %d", e.Command, e.Code) }

// StatusError is an answer with a status that the phone cannot go on with.
type StatusError struct {
	Command string
	Status  int
}

func (e *StatusError) Error() string { return fmt.Sprintf("lab: %s: status %d", e.Command, e.Status) }

// KindError is an answer of a kind (its Content-Type) that no ActiveSync server gives: a page for people.
type KindError struct{ Kind string }

func (e *KindError) Error() string {
	return fmt.Sprintf("lab: answer of type %q, want %s", e.Kind, wbxmlType)
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*HTTPError](err); ok {
		return e.RetryAfter
	}
	return 0
}

// send is one command with its body ready.
type send struct {
	command string
	body    []byte
	kind    string // Content-Type
	more    string // more of the plain query, "&AttachmentName=..."
	timeout time.Duration
}

// command sends a document and reads the one that comes back; nil for an empty answer. Where the server asks for a
// policy the phone fetches it, where it names another host the phone goes there, and asks again, once.
func (p *Phone) command(ctx context.Context, s send, doc *node) (*node, error) {
	if doc != nil {
		s.body, s.kind = doc.encode(), wbxmlType
	}
	root, _, err := p.obeying(ctx, s)
	return root, err
}

// obeying sends a request with its body and gives the answer, read and as it came.
func (p *Phone) obeying(ctx context.Context, s send) (*node, []byte, error) {
	for try := 0; ; try++ {
		root, body, err := p.once(ctx, s)
		e, isHTTP := errors.AsType[*HTTPError](err)
		switch {
		case try > 0:
			return root, body, err
		case isHTTP && e.Code == 451 && p.moveTo(e.location):
		case isHTTP && e.Code == 449, wantsPolicy(root) && s.command != "Provision":
			if err := p.Provision(ctx); err != nil {
				return nil, nil, err
			}
		default:
			return root, body, err
		}
	}
}

// wantsPolicy looks for Status 142 to 144 below the root, where it stands for every command.
func wantsPolicy(root *node) bool {
	if root == nil || len(root.kids) == 0 {
		return false
	}
	s, _ := strconv.Atoi(string(root.kids[0].text))
	return s >= statusNoPolicy && s <= statusPolicyKey
}

// moveTo takes the host of an X-MS-Location and nothing else of it, as AOSP does.
func (p *Phone) moveTo(location string) bool {
	there, err := url.Parse(location)
	if err != nil || there.Host == "" {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u, err := url.Parse(p.url)
	if err != nil || u.Host == there.Host {
		return false
	}
	u.Host = there.Host
	p.url = u.String()
	return true
}

func (p *Phone) once(ctx context.Context, s send) (*node, []byte, error) {
	resp, cancel, err := p.open(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	defer cancel()
	defer resp.Body.Close()
	body, err := readAnswer(resp)
	if err != nil || len(body) == 0 {
		return nil, nil, err
	}
	root, err := parse(body) // what follows the document is ignored, as Android's parser does
	if err != nil {
		return nil, body, fmt.Errorf("lab: %s: %w", s.command, err)
	}
	return root, body, nil
}

// open sends a request and gives the answer with its body unread. Anything but 200 is an HTTPError.
func (p *Phone) open(ctx context.Context, s send) (*http.Response, context.CancelFunc, error) {
	standard(&s.timeout, p.cfg.Timeout)
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	r, err := p.request(ctx, s)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	resp, err := p.http.Do(r)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusOK { // its body is for people and is not looked at
		defer cancel()
		defer resp.Body.Close()
		io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
		n, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return nil, nil, &HTTPError{Command: s.command, Code: resp.StatusCode,
			RetryAfter: time.Duration(n) * time.Second, location: resp.Header.Get("X-MS-Location")}
	}
	return resp, cancel, nil
}

// request makes the request as phones do: header names in Microsoft's spelling, no policy key on Ping (AOSP, NACHO),
// no Content-Type without a body, and with a base64 query no header that the query replaces (MS-ASHTTP 2.2.1.1.2).
func (p *Phone) request(ctx context.Context, s send) (*http.Request, error) {
	p.mu.Lock()
	target, policy, password := p.url, p.policy, p.cfg.Password
	p.mu.Unlock()
	if s.command == "Ping" {
		policy = ""
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(s.body))
	if err != nil {
		return nil, err
	}
	h := r.Header
	h["User-Agent"] = []string{p.cfg.UserAgent}
	h["Accept-Encoding"] = []string{"gzip"} // AOSP offers it on every command
	r.SetBasicAuth(p.cfg.User, password)
	if s.kind != "" {
		h["Content-Type"] = []string{s.kind}
	}
	if s.command == "Ping" && p.cfg.ClosePing {
		r.Close = true
	}
	if p.cfg.Base64 && s.more == "" { // fetching by name stays plain: the lab needs no field for it
		r.URL.RawQuery = p.base64Query(s.command, policy)
		return r, nil
	}
	r.URL.RawQuery = "Cmd=" + s.command + "&User=" + url.QueryEscape(p.cfg.User) + "&DeviceId=" +
		url.QueryEscape(p.cfg.DeviceID) + "&DeviceType=" + url.QueryEscape(p.cfg.DeviceType) + s.more
	h["MS-ASProtocolVersion"] = []string{p.cfg.Version}
	if policy != "" {
		h["X-MS-PolicyKey"] = []string{policy}
	}
	return r, nil
}

// base64Query packs the query (MS-ASHTTP 2.2.1.1.1.1). The result has raw '+', '/' and '=', as Windows Phone sends it.
func (p *Phone) base64Query(command, policy string) string {
	code, _ := eas.ParseCommand(command)
	b := []byte{byte(p.version()), byte(code), 0x09, 0x04} // en-US
	b = append(b, byte(len(p.cfg.DeviceID)))
	b = append(b, p.cfg.DeviceID...)
	if key, err := strconv.ParseUint(policy, 10, 32); err == nil {
		b = binary.LittleEndian.AppendUint32(append(b, 4), uint32(key))
	} else {
		b = append(b, 0)
	}
	b = append(b, byte(len(p.cfg.DeviceType)))
	return base64.StdEncoding.EncodeToString(append(b, p.cfg.DeviceType...))
}

// readAnswer reads the whole body and unpacks it.
func readAnswer(resp *http.Response) ([]byte, error) {
	var from io.Reader = io.LimitReader(resp.Body, answerMost)
	if resp.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(from)
		if err != nil {
			return nil, err
		}
		from = io.LimitReader(z, answerMost)
	}
	body, err := io.ReadAll(from)
	if kind := resp.Header.Get("Content-Type"); err == nil && len(body) > 0 && !strings.HasPrefix(kind, "application/vnd.ms-sync") {
		return nil, &KindError{kind}
	}
	return body, err
}
