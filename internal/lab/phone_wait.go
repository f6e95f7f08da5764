package lab

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Ping asks once to be woken, climbs or drops on its ladder by how that ended, and does what the answer asks for.
// A wait that ends badly is no error: it is what the ladder is there for.
func (p *Phone) Ping(ctx context.Context) error {
	w := p.begin()
	s := send{command: "Ping", timeout: p.patience(p.wire())}
	doc := p.pingBody()
	text := string(doc.encode())
	if p.cfg.EmptyPing && text == p.pinged {
		doc = nil
	}
	start := time.Now()
	root, err := p.command(ctx, s, doc)
	w.Took = time.Since(start)
	if ctx.Err() != nil {
		return ctx.Err() // its own doing: says nothing about the path
	}
	answer, err := readPing(root, err)
	w.Status = answer.status
	p.pinged = ""
	if answer.status == 1 || answer.status == 2 {
		p.pinged = text
	}
	if err := p.end(w, pingEvent(answer.status, err), answer.limit, err); err != nil {
		return err
	}
	return p.obey(ctx, answer)
}

// begin tells that a wait is asked for.
func (p *Phone) begin() Wait {
	if p.cfg.OnAsk != nil {
		p.cfg.OnAsk(p.climb.Interval())
	}
	return Wait{Asked: p.climb.Interval()}
}

// end tells the ladder and the hook. An HTTP error ends the loop without moving the ladder (EasPing.java), and so does
// a wait that broke at once: without a pause a server that is down would be asked thousands of times.
func (p *Phone) end(w Wait, e Event, limit time.Duration, err error) error {
	if h, ok := errors.AsType[*HTTPError](err); ok {
		w.HTTP = h.Code
	} else if err == nil {
		w.HTTP = 200
	}
	if w.HTTP == 0 || w.HTTP == 200 { // an error page says nothing about the path
		if !p.cfg.Plain {
			limit *= time.Duration(p.cfg.Scale)
		}
		p.climb.Next(e, limit)
	}
	w.Event, w.Next, w.State, w.Err = e, p.climb.Interval(), p.climb.State(), err
	if p.cfg.OnWait != nil {
		p.cfg.OnWait(w)
	}
	if err != nil && (w.HTTP != 0 || w.Took < time.Second) {
		return err
	}
	return nil
}

// pingEvent is what the end of a wait is to a ladder.
func pingEvent(status int, err error) Event {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return Silent
	case err != nil:
		return Broken
	case status == 1:
		return Expired
	case status == 5:
		return Refused
	}
	return Changed
}

func (p *Phone) pingBody() *node {
	list := el(pingFolders)
	for _, id := range p.watched() {
		list.add(el(pingFolder, leaf(pingID, id), leaf(pingClass, p.folder(id).Class)))
	}
	return el(pingRoot, leaf(pingHeartbeat, seconds(p.wire())), list)
}

// pingResult is a Ping's answer.
type pingResult struct {
	status  int
	folders []string
	limit   time.Duration // of 5
	most    int           // of 6
}

// readPing is as strict as Android's parser: an empty answer is a failed connection, and so is one with an element
// missing that its status needs.
func readPing(root *node, err error) (r pingResult, _ error) {
	if err != nil {
		return r, err
	}
	if root == nil || root.tag != pingRoot {
		return r, errors.New("lab: a Ping was answered without a Ping")
	}
	r.status, err = strconv.Atoi(root.value(pingStatus))
	if err != nil || len(root.all(pingStatus)) != 1 {
		return r, fmt.Errorf("lab: Ping answer with status %q", root.value(pingStatus))
	}
	for _, f := range root.child(pingFolders).all(pingFolder) {
		r.folders = append(r.folders, strings.TrimSpace(string(f.text)))
	}
	limit, _ := strconv.Atoi(root.value(pingHeartbeat))
	r.limit = time.Duration(limit) * time.Second
	r.most, _ = strconv.Atoi(root.value(pingMaxFolders))
	if (r.status == 2 && len(r.folders) == 0) || (r.status == 5 && limit < 1) || (r.status == 6 && r.most < 1) {
		return r, fmt.Errorf("lab: Ping answer %d without what belongs to it", r.status)
	}
	return r, nil
}

// obey does what MS-ASCMD 2.2.3.177.11 tells a client to do.
func (p *Phone) obey(ctx context.Context, r pingResult) error {
	switch r.status {
	case 2:
		p.odd = 0
		return p.Sync(ctx, r.folders...)
	case 6: // a person would be asked which folders to leave out
		p.most = r.most
	case 7:
		p.hierarchy = "0" // the next round asks for the folders
	case 0, 1, 5:
	case 3, 4, 8:
		return p.again("Ping", r.status)
	default:
		return &StatusError{"Ping", r.status}
	}
	p.odd = 0
	return nil
}

// again lets one such answer pass, as phones ping again at once, and makes an error of the next in a row: a loop that
// has to slow down.
func (p *Phone) again(command string, status int) error {
	if p.odd++; p.odd > 1 {
		return &StatusError{command, status}
	}
	return nil
}
