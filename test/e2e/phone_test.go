package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"
)

const (
	wbxmlType  = "application/vnd.ms-sync.wbxml"
	activeSync = "/Microsoft-Server-ActiveSync"
)

// A phone is one device of one user that talks to one door: the server itself
// or diastole in front of it.
type phone struct {
	t              testing.TB
	door           string // URL up to the query
	user, password string
	device         string
	key            string // of the Inbox
	inbox          string
	http           *http.Client
}

// newPhone gives a phone with connections of its own.
func newPhone(t testing.TB, d door, user, device string) *phone {
	transport := &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: d.roots},
		DisableCompression: true, // it would unpack before the test can compare
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &phone{t: t, door: d.url + activeSync, user: user, password: password,
		device: device, http: &http.Client{Transport: transport}}
}

// An answer is what came back, and after how long.
type answer struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration
}

// doc is the answer's document; a body that is none fails the test.
func (a answer) doc(t testing.TB) *element {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("HTTP %d: %.200q", a.status, a.body)
	}
	if len(a.body) == 0 {
		return nil
	}
	d, err := decode(a.body)
	if err != nil {
		t.Fatalf("the answer is no document: %v: %.200q", err, a.body)
	}
	return d
}

// query is the plain form, MS-ASHTTP 2.2.1.1.1.2.
func (p *phone) query(command string) url.Values {
	return url.Values{"Cmd": {command}, "User": {p.user}, "DeviceId": {p.device}, "DeviceType": {"e2e"}}
}

// send posts one command; a nil document is an empty body.
func (p *phone) send(command string, doc *element) answer {
	p.t.Helper()
	var body []byte
	if doc != nil {
		body = doc.encode()
	}
	return p.raw(p.t.Context(), "POST", p.query(command).Encode(), body, http.Header{"Content-Type": {wbxmlType}})
}

// raw sends anything at all.
func (p *phone) raw(ctx context.Context, method, query string, body []byte, header http.Header) answer {
	p.t.Helper()
	r, err := p.request(ctx, method, query, body, header)
	if err != nil {
		p.t.Fatal(err)
	}
	a, err := p.do(r)
	if err != nil {
		p.t.Errorf("%s %s?%s: after %d bytes: %v", method, p.door, query, len(a.body), err)
	}
	return a
}

func (p *phone) request(ctx context.Context, method, query string, body []byte, header http.Header) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.door+"?"+query, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("MS-ASProtocolVersion", "14.1")
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(p.user+":"+p.password)))
	for name, values := range header {
		r.Header[name] = values
	}
	return r, nil
}

// do sends a request and reads the whole answer; with an error, what there was of it.
func (p *phone) do(r *http.Request) (answer, error) {
	start := time.Now()
	resp, err := p.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, got, time.Since(start)}, err
}

// start does what a new device does: FolderSync, then Sync of the Inbox until
// the server has no more; only then does SOGo hold a Ping.
func (p *phone) start() *phone {
	p.t.Helper()
	folders := p.send("FolderSync", el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", "0"))).doc(p.t)
	for _, add := range folders.find("FolderHierarchy:Changes").children {
		if add.get("FolderHierarchy:Type") == "2" { // MS-ASCMD 2.2.3.186.3: default Inbox
			p.inbox = add.get("FolderHierarchy:ServerId")
		}
	}
	if p.inbox == "" {
		p.t.Fatalf("%s has no Inbox: %v", p.user, folders)
	}
	p.key = "0"
	p.sync()
	p.sync()
	return p
}

// sync syncs the Inbox until an answer brings nothing, and gives all that came.
func (p *phone) sync() (came []*element) {
	p.t.Helper()
	for range 20 {
		doc := p.send("Sync", p.syncRequest()).doc(p.t)
		if key := doc.get("AirSync:SyncKey"); key != "" {
			p.key = key
		}
		commands := doc.find("AirSync:Commands")
		if commands == nil {
			return came
		}
		came = append(came, commands.children...)
	}
	p.t.Fatalf("the Sync of %s does not end", p.user)
	return nil
}

func (p *phone) syncRequest(extra ...any) *element {
	collection := el("AirSync:Collection", el("AirSync:SyncKey", p.key), el("AirSync:CollectionId", p.inbox))
	if p.key != "0" {
		collection.children = append(collection.children,
			el("AirSync:GetChanges", "1"), el("AirSync:WindowSize", "100"),
			el("AirSync:Options", el("AirSync:FilterType", "0"),
				el("AirSyncBase:BodyPreference", el("AirSyncBase:Type", "1"), el("AirSyncBase:TruncationSize", "512"))))
	}
	return el("AirSync:Sync", append([]any{el("AirSync:Collections", collection)}, extra...)...)
}

// ping waits on the Inbox.
func (p *phone) ping(seconds string) answer {
	p.t.Helper()
	return p.send("Ping", p.pingRequest(seconds))
}

func (p *phone) pingRequest(seconds string) *element {
	return el("Ping:Ping", el("Ping:HeartbeatInterval", seconds),
		el("Ping:Folders", el("Ping:Folder", el("Ping:Id", p.inbox), el("Ping:Class", "Email"))))
}

// leaves sends a Ping that nobody waits for beyond ctx: no answer is no fault.
func (p *phone) leaves(ctx context.Context, doc *element) (answer, error) {
	r, err := p.request(ctx, "POST", p.query("Ping").Encode(), doc.encode(), http.Header{"Content-Type": {wbxmlType}})
	if err != nil {
		return answer{}, err
	}
	return p.do(r)
}

// options asks what the server can do, as whoever sets up an account does.
func (p *phone) options(ctx context.Context) (took time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, "OPTIONS", p.door, nil)
	if err != nil {
		return 0, err
	}
	r.SetBasicAuth(p.user, p.password)
	start := time.Now()
	resp, err := p.http.Do(r)
	if err == nil {
		defer resp.Body.Close()
		if _, err = io.Copy(io.Discard, resp.Body); err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("OPTIONS: HTTP %d", resp.StatusCode)
		}
	}
	return time.Since(start), err
}
