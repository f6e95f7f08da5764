package lab

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// world is a server with one user in a bubble, and a bare client for it.
type world struct {
	t      *testing.T
	server *Server
	pipe   *Pipe
	client *http.Client
	device string
	kind   string // protocol version
	policy string
	header http.Header // sent besides
}

// inWorld runs a test in a bubble where hours take no time.
func inWorld(t *testing.T, cfg ServerConfig, test func(w *world)) {
	t.Helper()
	if cfg.Users == nil {
		cfg.Users = map[string]string{"anna": "secret", "bert": "hidden"}
	}
	synctest.Test(t, func(t *testing.T) {
		pipe := NewPipe()
		transport := &http.Transport{DialContext: pipe.Dial, DisableCompression: true}
		w := &world{t: t, server: NewServer(cfg), pipe: pipe, device: "dev1", kind: "14.1",
			client: &http.Client{Transport: transport}, header: http.Header{}}
		go w.server.Serve(pipe)
		defer func() {
			transport.CloseIdleConnections()
			w.server.Close()
			time.Sleep(time.Second) // net/http lingers half a second over a connection with unread data
		}()
		test(w)
	})
}

// got is an answer as the tests look at it.
type got struct {
	code    int
	header  http.Header
	body    []byte
	doc     *node // nil without one
	after   time.Duration
	err     error
	chunked bool
	length  int64 // Content-Length, -1 without one
}

// request makes a POST of one command.
func (w *world) request(ctx context.Context, command string, root *node) *http.Request {
	w.t.Helper()
	var body []byte
	if root != nil {
		body = root.encode()
	}
	url := fmt.Sprintf("http://lab/Microsoft-Server-ActiveSync?Cmd=%s&User=anna&DeviceId=%s&DeviceType=Test", command, w.device)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth("anna", "secret")
	r.Header["MS-ASProtocolVersion"] = []string{w.kind}
	if root != nil {
		r.Header.Set("Content-Type", wbxmlType)
	}
	if w.policy != "" {
		r.Header["X-MS-PolicyKey"] = []string{w.policy}
	}
	for name, values := range w.header {
		r.Header[name] = values
	}
	return r
}

// post sends one command and reads the answer.
func (w *world) post(command string, root *node) got {
	w.t.Helper()
	return w.do(w.request(context.Background(), command, root))
}

func (w *world) do(r *http.Request) (g got) {
	start := time.Now()
	resp, err := w.client.Do(r)
	g.after = time.Since(start)
	if err != nil {
		g.err = err
		return g
	}
	defer resp.Body.Close()
	g.code, g.header, g.length = resp.StatusCode, resp.Header, resp.ContentLength
	g.chunked = len(resp.TransferEncoding) > 0
	g.body, g.err = io.ReadAll(resp.Body)
	plain := g.body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if z, err := gzip.NewReader(bytes.NewReader(g.body)); err == nil {
			plain, _ = io.ReadAll(z)
		}
	}
	if resp.Header.Get("Content-Type") == wbxmlType && len(plain) > 0 {
		g.doc, _ = parse(plain)
	}
	return g
}

// later sends a command in the background.
func (w *world) later(command string, root *node) <-chan got {
	done := make(chan got, 1)
	go func() { done <- w.post(command, root) }()
	synctest.Wait()
	return done
}

// want fails unless the answer is 200 with this status after this time.
func (w *world) want(g got, status tag, value string, after time.Duration) {
	w.t.Helper()
	if g.err != nil || g.code != 200 {
		w.t.Fatalf("got %d, %v, want 200", g.code, g.err)
	}
	if s := g.doc.value(status); s != value {
		w.t.Fatalf("status %q, want %q (%v, %x)", s, value, g.doc, g.body)
	}
	if g.after != after {
		w.t.Fatalf("answered after %v, want %v", g.after, after)
	}
}

// pingBody is a Ping on mail folders; interval 0 = without, no folders = without.
func pingBody(interval int, folders ...string) *node {
	p := el(pingRoot)
	if interval != 0 {
		p.add(leaf(pingHeartbeat, fmt.Sprint(interval)))
	}
	if len(folders) > 0 {
		list := el(pingFolders)
		for _, id := range folders {
			list.add(el(pingFolder, leaf(pingID, id), leaf(pingClass, "Email")))
		}
		p.add(list)
	}
	return p
}

// syncBody is a Sync of one folder.
func syncBody(folder, key string, more ...*node) *node {
	return el(syncRoot, el(syncCollections,
		el(syncCollection, leaf(syncKey, key), leaf(syncCollectionID, folder)).add(more...)))
}

// folderSync takes the hierarchy.
func (w *world) folderSync() {
	w.t.Helper()
	w.want(w.post("FolderSync", el(folderSync, leaf(folderSyncKey, "0"))), folderStatus, "1", 0)
}

// syncAll syncs a folder until nothing more comes and gives the key and what came.
func (w *world) syncAll(folder, key string) (string, []*node) {
	w.t.Helper()
	var came []*node
	for {
		g := w.post("Sync", syncBody(folder, key))
		if len(g.body) == 0 && g.code == 200 {
			return key, came
		}
		c := g.doc.child(syncCollections, syncCollection)
		if c.value(syncStatus) != "1" {
			w.t.Fatalf("Sync of %s with %s: %d, status %q", folder, key, g.code, c.value(syncStatus))
		}
		key = c.value(syncKey)
		if n := c.child(syncCommands); n != nil {
			came = append(came, n.kids...)
		}
	}
}

// deliver puts a mail into anna's Inbox.
func (w *world) deliver(subject string) string {
	w.t.Helper()
	id, err := w.server.Deliver("anna", "", Mail{From: "x@elsewhere.test", To: "anna@lab.test", Subject: subject, Body: "text"})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func readCloser(p []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(p)) }
