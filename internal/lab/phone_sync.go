package lab

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Options asks what the server speaks, and whether it takes the password; it gives the protocol versions.
func (p *Phone) Options(ctx context.Context) (versions string, err error) {
	h, err := p.OptionsHeader(ctx)
	return h.Get("MS-ASProtocolVersions"), err
}

// OptionsHeader is Options with all that the answer's header says.
func (p *Phone) OptionsHeader(ctx context.Context) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	r, err := p.request(ctx, send{command: "Options"})
	if err != nil {
		return nil, err
	}
	r.Method, r.URL.RawQuery = "OPTIONS", ""
	resp, err := p.http.Do(r)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		return nil, &HTTPError{Command: "OPTIONS", Code: resp.StatusCode}
	}
	return resp.Header, nil
}

// Provision fetches the policy and acknowledges it.
func (p *Phone) Provision(ctx context.Context) error {
	for _, last := range []bool{false, true} {
		policy := el(provisionPolicy, leaf(provisionPolicyType, policyType))
		if last {
			policy.add(leaf(provisionPolicyKey, p.policyKey()), leaf(provisionStatus, "1"))
		}
		root, err := p.command(ctx, send{command: "Provision"}, el(provisionRoot, el(provisionPolicies, policy)))
		if err != nil {
			return err
		}
		key := root.value(provisionPolicies, provisionPolicy, provisionPolicyKey)
		if key == "" {
			return nil // the server has no policy
		}
		p.mu.Lock()
		p.policy = key
		p.mu.Unlock()
	}
	return nil
}

func (p *Phone) policyKey() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.policy
}

// FolderSync takes the folders, all of them anew.
func (p *Phone) FolderSync(ctx context.Context) error {
	root, err := p.command(ctx, send{command: "FolderSync"}, el(folderSync, leaf(folderSyncKey, "0")))
	if err != nil {
		return err
	}
	if s := root.value(folderStatus); s != "1" {
		n, _ := strconv.Atoi(s)
		return &StatusError{"FolderSync", n}
	}
	p.forget() // Sync keys too: it asks with key 0, as a new account does
	p.hierarchy = root.value(folderSyncKey)
	for _, add := range root.child(folderChanges).all(folderAdd) {
		kind, _ := strconv.Atoi(add.value(folderType))
		p.folders = append(p.folders, Folder{ID: add.value(folderServerID), Name: add.value(folderName),
			Type: kind, Class: classOf(kind)})
	}
	return nil
}

// classOf is what a folder of a type holds (MS-ASCMD 2.2.3.186.3).
func classOf(kind int) string {
	switch kind {
	case 8, 13:
		return "Calendar"
	case 9, 14:
		return "Contacts"
	case 7, 15:
		return "Tasks"
	case 10, 17:
		return "Notes"
	}
	return "Email"
}

// watched are the folders it waits on: Inbox, calendar, contacts, as phones are set up.
func (p *Phone) watched() (ids []string) {
	for _, f := range p.folders {
		if f.Type == 2 || f.Type == 8 || f.Type == 9 {
			ids = append(ids, f.ID)
		}
	}
	if p.most > 0 && len(ids) > p.most {
		ids = ids[:p.most]
	}
	return ids
}

func (p *Phone) folder(id string) Folder {
	i := slices.IndexFunc(p.folders, func(f Folder) bool { return f.ID == id })
	if i < 0 {
		return Folder{ID: id, Class: "Email"}
	}
	return p.folders[i]
}

// Sync brings folders up to date, one after the other.
func (p *Phone) Sync(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		for more := true; more; {
			first := p.key(id) == "0"
			root, err := p.command(ctx, send{command: "Sync"}, el(syncRoot, el(syncCollections, p.ask(id))))
			if err != nil {
				return err
			}
			if more, err = p.take(root); err != nil {
				return err
			}
			more = more || first // the answer to key 0 brings a key and nothing else
		}
	}
	return nil
}

func (p *Phone) key(id string) string {
	if k := p.keys[id]; k != "" {
		return k
	}
	return "0"
}

// ask is what a Sync says of one folder. Up to 12.0 the class stands first.
func (p *Phone) ask(id string) *node {
	n := el(syncCollection)
	if p.version() < 121 {
		n.add(leaf(syncClass, p.folder(id).Class))
	}
	n.add(leaf(syncKey, p.key(id)), leaf(syncCollectionID, id))
	if p.key(id) != "0" {
		n.add(leaf(syncGetChanges, "1"), leaf(syncWindowSize, "50"),
			el(syncOptions, leaf(syncFilterType, strconv.Itoa(p.cfg.Filter)), el(baseBodyPreference, leaf(baseType, "1"))))
	}
	return n
}

// take works a Sync's answer in and says whether there is more to get. A nil root is an empty answer: nothing new.
func (p *Phone) take(root *node) (more bool, err error) {
	if root == nil {
		return false, nil
	}
	if s := root.value(syncStatus); s != "" && s != "1" {
		n, _ := strconv.Atoi(s)
		return false, &StatusError{"Sync", n}
	}
	for _, c := range root.child(syncCollections).all(syncCollection) {
		id := c.value(syncCollectionID)
		switch s := c.value(syncStatus); s {
		case "1":
			p.keys[id] = c.value(syncKey)
		case "3": // the key is not good any more: begin again (MS-ASCMD 2.2.3.177.17)
			p.keys[id] = "0"
			more = true
			continue
		case "8", "12": // no such folder, other folders: the next round asks for them
			p.hierarchy = "0"
			return false, nil
		default:
			n, _ := strconv.Atoi(s)
			return false, &StatusError{"Sync", n}
		}
		more = more || c.child(syncMoreAvailable) != nil
		for _, add := range c.child(syncCommands).all(syncAdd) {
			if p.cfg.OnMail != nil && p.folder(id).Class == "Email" {
				p.cfg.OnMail(readMail(add))
			}
		}
	}
	return more, nil
}

// readMail reads an Add of a mail.
func readMail(add *node) Mail {
	data := add.child(syncData)
	m := Mail{ID: add.value(syncServerID), From: data.value(emailFrom), To: data.value(emailTo),
		Subject: data.value(emailSubject), Body: data.value(baseBody, baseData), Read: data.value(emailRead) == "1"}
	m.Received, _ = time.Parse(wireTime, data.value(emailReceived))
	for _, a := range data.child(baseAttachments).all(baseAttachment) {
		size, _ := strconv.ParseInt(a.value(baseEstimatedSize), 10, 64)
		m.Attachments = append(m.Attachments, Attachment{Name: a.value(baseDisplayName), Size: size,
			Reference: a.value(baseFileReference)})
	}
	return m
}
