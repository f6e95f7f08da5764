package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/diastole/diastole/internal/admin"
)

// adminFlags say which running diastole is asked, and how its answer is shown.
type adminFlags struct {
	adminAt
	JSON bool `name:"json" help:"The API's answer instead of a table."`
}

// adminAt is where a running diastole is asked.
type adminAt struct {
	Admin     string `default:"http://${admin}" placeholder:"URL" help:"Admin listener of the diastole to ask (default ${default})."`
	TokenFile string `placeholder:"FILE" help:"File with its bearer token, where it wants one: that of admin.token_file."`
	CA        string `name:"ca" placeholder:"FILE" help:"Authorities to believe for https:// instead of the system's, PEM."`
	Cert      string `placeholder:"FILE" help:"Certificate to show it, where it wants one (admin.tls.client_ca), PEM."`
	Key       string `placeholder:"FILE" help:"The certificate's private key, PEM; without one it is looked for in the certificate's file."`
}

const (
	// askWithin is long enough for a search through a million devices.
	askWithin = time.Minute
	// longestAnswer is many times what a page of the API can have.
	longestAnswer = 64 << 20
)

// ask gets a path of the API: into prints it as it came, if that is wanted, or
// fills page.
func (f adminFlags) ask(out io.Writer, path string, query url.Values, page any) (printed bool, err error) {
	answer, err := f.send(http.MethodGet, path+"?"+query.Encode(), nil)
	if err != nil {
		return false, err
	}
	return f.shown(out, answer, page)
}

// tell sends what to a path of the API and does with the answer what ask does.
func (f adminFlags) tell(out io.Writer, path string, what, page any) (printed bool, err error) {
	body, err := json.Marshal(what)
	if err != nil {
		return false, err
	}
	answer, err := f.send(http.MethodPost, path, body)
	if err != nil {
		return false, err
	}
	return f.shown(out, answer, page)
}

func (f adminFlags) shown(out io.Writer, answer []byte, page any) (printed bool, err error) {
	if f.JSON {
		var b bytes.Buffer
		if err = json.Indent(&b, answer, "", "  "); err == nil {
			err = writeJSON(out, b.Bytes())
		}
		return true, err
	}
	if err := json.Unmarshal(answer, page); err != nil {
		return false, fmt.Errorf("%s: the answer cannot be read: %w; is it a diastole of another version?", f.base(), err)
	}
	return false, nil
}

// base is where the listener is; serve takes and the log names it without http://.
func (f adminAt) base() string {
	base := strings.TrimRight(f.Admin, "/")
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	return base
}

func (f adminAt) send(method, path string, what []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, f.base()+path, bytes.NewReader(what))
	if err != nil {
		return nil, fmt.Errorf("--admin %s is no URL; write for example http://127.0.0.1:9180", f.Admin)
	}
	if what != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if f.TokenFile != "" {
		token, err := os.ReadFile(f.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("--token-file: %w; give the file of its admin.token_file", err)
		}
		r.Header.Set("Authorization", "Bearer "+string(bytes.TrimSpace(token)))
	}
	secured, err := f.secured()
	if err != nil {
		return nil, err
	}
	// No proxy and no redirect: the token is for the address that was named.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: secured},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return nil, f.unreachable(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s broke off: %w", f.base(), err)
	}
	return body, f.refused(answer.StatusCode, body)
}

// unreachable says why nobody answers, in the words of who has to do something.
func (f adminAt) unreachable(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the URL, which is said already
	}
	var nameless *net.DNSError
	var record tls.RecordHeaderError
	var stranger *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s does not answer within %v; does the way there drop packets, or is diastole out of breath? Its /livez tells", f.base(), askWithin)
	case errors.As(err, &nameless) && nameless.IsNotFound:
		return fmt.Errorf("there is no %s; give --admin URL, for example http://127.0.0.1:9180", nameless.Name)
	case errors.As(err, &stranger):
		return fmt.Errorf("%s shows a certificate that is not believed: %w; give its authority with --ca FILE", f.base(), err)
	case errors.As(err, &record), strings.Contains(err.Error(), "gave HTTP response to HTTPS client"):
		return fmt.Errorf("%s speaks no TLS; write http:// in --admin, on loopback or through ssh -L", f.base())
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens at %s; is diastole running there, and is this its admin.listen? Otherwise give --admin URL", f.base())
	case strings.Contains(err.Error(), "invalid header field value"):
		return fmt.Errorf("the token in %s has characters that no token has", f.TokenFile)
	}
	return fmt.Errorf("%s cannot be asked: %w", f.base(), err)
}

// refused is what an answer's status means.
func (f adminAt) refused(status int, body []byte) error {
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusUnauthorized && f.TokenFile == "":
		return fmt.Errorf("%s wants a token: give --token-file FILE, the file of its admin.token_file", f.base())
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%s does not take the token in %s: it must be that of its admin.token_file, which is read when it starts", f.base(), f.TokenFile)
	case status == http.StatusBadRequest && strings.Contains(string(body), "HTTP request to an HTTPS server"): // net/http's words
		return fmt.Errorf("%s speaks TLS; write https:// in --admin", f.base())
	case status == http.StatusForbidden && f.Cert == "":
		return fmt.Errorf("%s wants a client certificate: give --cert FILE and --key FILE, of its admin.tls.client_ca", f.base())
	case status == http.StatusNotFound:
		return fmt.Errorf("%s answers, but is not the admin listener of a diastole of this version", f.base())
	case status == http.StatusServiceUnavailable && bytes.HasPrefix(body, []byte("not ready: ")):
		return fmt.Errorf("%s is %s", f.base(), harmless(string(bytes.TrimSpace(body))))
	}
	var said admin.Problem
	if json.Unmarshal(body, &said) == nil && said.Detail != "" {
		return fmt.Errorf("%s: %s; %s", f.base(), harmless(said.Detail), harmless(said.Remedy))
	}
	return fmt.Errorf("%s answers with HTTP %d", f.base(), status)
}
