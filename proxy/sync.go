package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml"
	"github.com/diastole/diastole/wbxml/eas"
)

// passSync relays a Sync that does not wait, reading along what the device has.
func (p *Proxy) passSync(w http.ResponseWriter, r *http.Request, request *upstream.Request, asked ask) {
	var going *eas.SyncRequestReader
	if request.Stream != nil {
		going = new(eas.SyncRequestReader)
		request.Stream = io.TeeReader(request.Stream, going)
	}
	var along *watch.Along
	defer func() {
		if along != nil {
			p.synced(asked, going, along)
		}
	}()
	p.relay(w, r, request, "Sync", func(answer *upstream.Response) {
		if isSyncDocument(answer) {
			along = watch.ReadAlong(answer.Body, answer.Get("Content-Encoding"))
			answer.Body = along
		}
	})
}

// isSyncDocument: a sign-in page with status 200 is none, and neither is what
// the server refused.
func isSyncDocument(answer *upstream.Response) bool {
	return answer.Status == http.StatusOK &&
		(answer.Length == 0 || strings.HasPrefix(strings.ToLower(answer.Get("Content-Type")), "application/vnd.ms-sync"))
}

// synced remembers a Sync whose request and answer have both been read.
func (p *Proxy) synced(asked ask, going *eas.SyncRequestReader, along *watch.Along) {
	answer, err := along.Close()
	if err != nil {
		p.config.Metrics.unreadable("sync-answer", err)
		return
	}
	if going != nil {
		sync, err := going.Close()
		if err != nil {
			p.config.Metrics.unreadable(kindSync, err)
			return
		}
		asked.form, asked.sync = "full", &sync
	}
	p.accepted(asked, answer)
}

// reasonOf names what is wrong with a document, from a fixed list.
func reasonOf(err error) string {
	if e := new(wbxml.SyntaxError); errors.As(err, &e) {
		return e.Reason.String()
	}
	switch {
	case errors.Is(err, watch.ErrUnpacking):
		return "packing"
	case errors.Is(err, eas.ErrDocument):
		return "document"
	}
	return "other"
}
