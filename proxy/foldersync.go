package proxy

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// passFolderSync relays a FolderSync untouched, as it comes, and reads along what a
// device's folders are for: one that waits for mail alone need not be told of a calendar.
func (p *Proxy) passFolderSync(w http.ResponseWriter, r *http.Request, query eas.Envelope) {
	request, err := p.request(w, r)
	if err != nil {
		p.refuseBody(w, err)
		return
	}
	var up, down *watch.Kept
	if request.Stream != nil {
		up = watch.Keep(request.Stream, wholeBody) // it has a key in it, and anybody may send it
		request.Stream = up
	}
	d, tracked := device(r, query)
	encoding, began := "", time.Now()
	p.relay(w, r, request, query.Command.String(), func(answer *upstream.Response) {
		if !tracked {
			return
		}
		p.heed(d, answer, query.PolicyKey, hold.Command{Credentials: p.credentials(r), Since: began})
		if isSyncDocument(answer) {
			p.holdsHere(d, false)
		}
		if isSyncDocument(answer) && answer.Length != 0 { // empty, it says nothing of folders
			down, encoding = watch.Keep(answer.Body, watch.MaxTree), answer.Get("Content-Encoding")
			answer.Body = down
		}
	})
	if down == nil {
		return // refused, nobody's, or empty
	}
	asked, err := folderSyncAsked(request.Bytes, up)
	if p.cannotRead("foldersync", err) {
		return
	}
	said, err := down.FolderSyncResponse(encoding)
	if p.cannotRead("foldersync-answer", err) {
		return
	}
	// The request line must not be kept for what is cut out of it.
	d.ID, d.Type = strings.Clone(d.ID), strings.Clone(d.Type)
	p.memory.FolderSync(d, asked, said)
}

// folderSyncAsked reads a request that was in memory, or passed by.
func folderSyncAsked(body []byte, up *watch.Kept) (eas.FolderSyncRequest, error) {
	if up != nil {
		return up.FolderSyncRequest()
	}
	return eas.ParseFolderSyncRequest(body)
}

// cannotRead counts a document that was not understood. One that was broken off is
// nobody's fault: the device asks again with its old key.
func (p *Proxy) cannotRead(what string, err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, watch.ErrUnfinished):
	case errors.Is(err, watch.ErrTooLarge):
		p.config.Metrics.unread(what, "too-large")
	default:
		p.config.Metrics.unreadable(what, err)
	}
	return true
}
