package lab

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/diastole/diastole/wbxml/eas"
)

// call is one ActiveSync request on its way to an answer.
type call struct {
	server *Server
	http   *http.Request
	env    eas.Envelope
	box    *mailbox
	device *device
	body   []byte
	doc    *node // the body, nil without one
	fault  *Fault
}

// command is how the server treats one command.
type command struct {
	do     func(*call) *answer
	root   tag  // of its answer; and of its request, unless any is set
	status tag  // where a status of the whole command stands
	syntax int  // the status for a document that cannot be read
	bare   bool // may come without a body
	mime   bool // up to 12.1 its body is message/rfc822
	free   bool // needs no policy
}

// commands is filled by init, as the functions in it look into it themselves.
var commands map[string]command

func init() {
	commands = map[string]command{
		"sync":            {do: (*call).sync, root: syncRoot, status: syncStatus, syntax: 4, bare: true},
		"ping":            {do: (*call).ping, root: pingRoot, status: pingStatus, syntax: 4, bare: true, free: true},
		"foldersync":      {do: (*call).folderSync, root: folderSync, status: folderStatus, syntax: 10},
		"getitemestimate": {do: (*call).estimate, root: estimateRoot, status: estimateStatus, syntax: 103},
		"provision":       {do: (*call).provision, root: provisionRoot, status: provisionStatus, syntax: 2, free: true},
		"sendmail":        {do: (*call).sendMail, root: mailSend, status: mailStatus, syntax: 103, mime: true},
		"smartforward":    {do: (*call).sendMail, root: mailForward, status: mailStatus, syntax: 103, mime: true},
		"smartreply":      {do: (*call).sendMail, root: mailReply, status: mailStatus, syntax: 103, mime: true},
		"itemoperations":  {do: (*call).itemOperations, root: itemRoot, status: itemStatus, syntax: 2},
		"search":          {do: (*call).search, root: searchRoot, status: searchStatus, syntax: 2},
		"settings":        {do: (*call).settings, root: settingsRoot, status: settingsStatus, syntax: 2},
		"getattachment":   {do: (*call).getAttachment, bare: true},
	}
}

// Statuses of MS-ASCMD 2.2.2 that stand for the whole command.
const (
	statusContent      = 101 // wrong Content-Type
	statusNotWBXML     = 102
	statusNoDevice     = 108
	statusSentBefore   = 118
	statusNoPolicy     = 142
	statusPolicyOld    = 143
	statusPolicyKey    = 144
	statusManyDevices  = 177
	statusStateVersion = 136
)

// httpFor is what devices up to 12.1 get in place of a status (MS-ASCMD 2.2.2).
var httpFor = map[int]int{
	statusContent: 400, statusNotWBXML: 400, 103: 400, statusNoDevice: 400, statusSentBefore: 200, statusNoPolicy: 449,
	statusPolicyOld: 449, statusPolicyKey: 449, statusManyDevices: 403, statusStateVersion: 500, 107: 400,
}

// run takes a request from its query to its answer.
func (c *call) run() *answer {
	cmd, known := commands[strings.ToLower(c.env.CommandName)]
	if !known {
		return refuse(http.StatusNotImplemented) // status 137 is 501 in HTTP (MS-ASCMD 2.2.2)
	}
	if c.env.DeviceID == "" {
		return c.common(cmd, statusNoDevice)
	}
	c.server.mu.Lock()
	c.device = c.box.device(c.env.DeviceID)
	c.server.mu.Unlock()
	if c.device == nil {
		return c.common(cmd, statusManyDevices)
	}
	// Before the body is read: a device without a policy learns nothing about its document.
	if status := c.policyStatus(cmd); status != 0 {
		return c.common(cmd, status)
	}
	if a := c.read(cmd); a != nil {
		return a
	}
	if f := c.fault; f != nil && f.Kind == FaultStatus {
		return c.demanded(cmd, f)
	}
	return cmd.do(c)
}

// read parses the body, or gives the refusal.
func (c *call) read(cmd command) *answer {
	if len(c.body) == 0 {
		if cmd.bare { // Ping and Sync repeat what is cached (MS-ASCMD 2.2.1.13, 2.2.1.21.1)
			return nil
		}
		return c.common(cmd, statusNotWBXML)
	}
	kind, _, _ := strings.Cut(c.http.Header.Get("Content-Type"), ";")
	switch {
	case cmd.mime && kind == "message/rfc822":
		return nil
	case kind == wbxmlType, kind == "application/vnd.ms-sync" && c.version() >= 121: // MS-ASHTTP 2.2.1.1.2.3
	default:
		return c.common(cmd, statusContent) // MS-ASCMD's own example is a Ping sent as text/plain
	}
	doc, err := parse(c.body)
	if err != nil || doc.tag != cmd.root { // SOGo would go by the root; the specification goes by Cmd
		return c.common(cmd, cmd.syntax)
	}
	c.doc = doc
	return nil
}

// version is the protocol version times ten; a request that says none is taken for the newest common one.
func (c *call) version() int {
	v, err := strconv.ParseFloat(c.env.Version, 64)
	if err != nil {
		return 141
	}
	return int(v*10 + 0.5)
}

// common answers with a status of the whole command: in its document, or up to 12.1 as an HTTP status.
func (c *call) common(cmd command, status int) *answer {
	code := httpFor[status]
	switch {
	case cmd.root == 0: // GetAttachment has no document that could carry it
		return refuse(max(code, http.StatusBadRequest))
	case code != 0 && c.version() < 140:
		return refuse(code)
	}
	return statusOnly(cmd, status)
}

// statusOnly is the shortest document of a command: its root and a status.
func statusOnly(cmd command, status int) *answer {
	return reply(el(cmd.root, leaf(cmd.status, strconv.Itoa(status))))
}

// demanded answers the status that a fault asks for, with what must stand beside it.
func (c *call) demanded(cmd command, f *Fault) *answer {
	c.server.pause(c.http, f.After)
	if cmd.root == 0 {
		return refuse(http.StatusInternalServerError)
	}
	a := el(cmd.root, leaf(cmd.status, strconv.Itoa(f.Code)))
	limit := strconv.Itoa(f.Limit)
	switch {
	case cmd.root == syncRoot && f.InCollections:
		a = el(syncRoot, c.collectionsWith(f.Code))
	case cmd.root == pingRoot && f.Code == 2:
		folders := el(pingFolders)
		for _, id := range c.doc.child(pingFolders).all(pingFolder) {
			folders.add(leaf(pingFolder, id.value(pingID)))
		}
		a.add(folders)
	case cmd.root == pingRoot && f.Code == 5:
		a.add(leaf(pingHeartbeat, limit))
	case cmd.root == pingRoot && f.Code == 6:
		a.add(leaf(pingMaxFolders, limit))
	case cmd.root == syncRoot && (f.Code == 14 || f.Code == 15):
		a.add(leaf(syncLimit, limit))
	}
	return reply(a)
}

// collectionsWith answers each collection of a Sync with a status, key 0 with it.
func (c *call) collectionsWith(status int) *node {
	list := el(syncCollections)
	for _, asked := range c.doc.child(syncCollections).all(syncCollection) {
		list.add(el(syncCollection, leaf(syncKey, "0"), leaf(syncCollectionID, asked.value(syncCollectionID)),
			leaf(syncStatus, strconv.Itoa(status))))
	}
	return list
}

// seconds writes a duration as the wire wants it.
func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
