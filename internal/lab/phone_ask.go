package lab

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Ask sends a command with a body of the caller's making and gives the answer's, unpacked; nil for an empty one. The
// answer has time until timeout. Policies and redirects are obeyed as ever; nothing the phone knows is changed.
func (p *Phone) Ask(ctx context.Context, command string, body []byte, timeout time.Duration) ([]byte, error) {
	s := send{command: command, body: body, timeout: timeout}
	if len(body) > 0 {
		s.kind = wbxmlType
	}
	_, answer, err := p.obeying(ctx, s)
	return answer, err
}

// Request is such a command for a caller that carries it itself, to see how a connection ends. It offers no gzip, and
// goes where the last redirect pointed.
func (p *Phone) Request(ctx context.Context, command string, body []byte) (*http.Request, error) {
	r, err := p.request(ctx, send{command: command, body: body, kind: wbxmlType})
	if err == nil {
		r.Header.Del("Accept-Encoding")
	}
	return r, err
}

// SetPassword is the user who types in a new one. It holds from the next request on.
func (p *Phone) SetPassword(password string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cfg.Password = password
}

// Key is the SyncKey of a folder, "0" before its first Sync.
func (p *Phone) Key(folder string) string { return p.key(folder) }

// MarkRead marks a mail as read or not.
func (p *Phone) MarkRead(ctx context.Context, folder, id string, read bool) error {
	return p.change(ctx, folder, el(syncChange, leaf(syncServerID, id), el(syncData, leaf(emailRead, flag(read)))))
}

// Delete deletes a mail for good: it does not go to the folder for deleted ones.
func (p *Phone) Delete(ctx context.Context, folder, id string) error {
	return p.change(ctx, folder, el(syncDelete, leaf(syncServerID, id)))
}

// change brings one change to the server, with a folder that was synced. What the answer brings of others' changes is
// taken like any Sync's, and what the server says of this one decides (MS-ASCMD 2.2.3.154: only failures are named).
func (p *Phone) change(ctx context.Context, folder string, command *node) error {
	ask := p.ask(folder)
	at := 1
	for ask.kids[at-1].tag != syncCollectionID {
		at++
	}
	rest := append([]*node{leaf(syncDeletesMove, "0")}, ask.kids[at:]...) // the schema's order (MS-ASCMD 2.2.3.29.2)
	ask.kids = append(ask.kids[:at:at], rest...)
	ask.add(el(syncCommands, command))
	root, err := p.command(ctx, send{command: "Sync"}, el(syncRoot, el(syncCollections, ask)))
	if err != nil {
		return err
	}
	if _, err := p.take(root); err != nil {
		return err
	}
	answer := root.child(syncCollections).child(syncCollection).child(syncResponses)
	for _, r := range append(answer.all(syncChange), answer.all(syncDelete)...) {
		if s, _ := strconv.Atoi(r.value(syncStatus)); s > 1 {
			return &StatusError{"Sync", s}
		}
	}
	return nil
}
