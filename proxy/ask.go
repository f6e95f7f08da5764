package proxy

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// The two requests that wait.
const (
	kindPing = "ping"
	kindSync = "sync"
)

// ask is what a Ping or a Sync asks for, filled up with what the device said
// last: what a Ping leaves out is as in the one before (MS-ASCMD 3.1.5.8), an
// empty Sync repeats the last one, its Wait too (2.2.1.21.1).
//
// It lives as long as the wait, up to an hour: it holds numbers, not bodies.
type ask struct {
	kind    string
	device  watch.Device
	tracked bool   // the device may be remembered
	met     bool   // the server has accepted these credentials of it before
	user    string // as claimed, for the log
	version string // of the protocol

	form     string        // full, partial, interval-only, folders-only, empty or unread
	interval time.Duration // 0: not known, or no number above 0
	said     bool          // it is in this request
	folders  int
	waits    bool // the server is expected to hold it

	// What a Ping itself said, for the memory; -1 is what it left out.
	saidInterval time.Duration
	saidFolders  int
	folderList   hold.Digest    // which folders: filled up, as interval and folders are
	named        []watch.Waited // the same, for waits that are held at the edge; nil: not known

	credentials hold.Digest
	question    hold.Digest // all that the answer depends on; zero: not known

	sync *eas.SyncRequest // nil for a Ping, and for a Sync that repeats the last
}

// read understands a request of a device. What it cannot read is passed on all
// the same; a Ping then counts as a wait of unknown length.
func (p *Proxy) read(r *http.Request, query eas.Envelope, body []byte, whole bool) ask {
	// The request line must not be kept for what is cut out of it.
	a := ask{kind: kindPing, version: strings.Clone(query.Version), saidInterval: -1, saidFolders: -1}
	a.device, a.tracked = device(r, query)
	a.device.ID, a.device.Type = strings.Clone(a.device.ID), strings.Clone(a.device.Type)
	if a.user = a.device.Principal; a.user == "" {
		a.user = strings.Clone(fold(query.User))
	}
	a.credentials = p.credentials(r)
	last, _ := p.memory.Last(a.device)
	a.met = a.tracked && p.memory.Accepted(a.device, watch.Credentials(a.credentials))
	pending := p.pending(a)
	if query.Command == eas.CommandPing {
		if pending != nil && pending.kind == kindPing {
			last.Interval, last.Folders, last.FolderList, last.Pinged = pending.interval, pending.folders, pending.folderList, pending.named
		}
		p.readPing(&a, last, body, whole)
	} else {
		p.readSync(&a, last, body, whole)
	}
	a.question = p.question(&a, pending, query.PolicyKey, body)
	return a
}

// pending is what the device waits for right now: a Ping that leaves something out
// means that (MS-ASCMD 3.1.5.8).
func (p *Proxy) pending(a ask) *ask {
	if up, ok := p.holds.Pending(holder{Device: a.device}, a.credentials); a.tracked && ok {
		return &up.first.ask
	}
	return nil
}

// question stands for all that the server's answer depends on. Waits with the same
// one may share an answer; it is zero where that cannot be known.
func (p *Proxy) question(a *ask, pending *ask, policyKey string, body []byte) hold.Digest {
	if !a.tracked || !a.waits || a.form == "unread" {
		return hold.Digest{}
	}
	kind := []byte(a.kind + " " + a.version + " " + policyKey)
	if p.settings.Load().Hold.Edge { // after a reload one that is held elsewhere is not the same
		kind = append(kind, " edge"...)
	}
	switch {
	case a.kind == kindSync && a.sync == nil && pending != nil && pending.kind == kindSync:
		return pending.question // an empty Sync repeats the last one, 2.2.1.21.1
	case a.kind == kindSync:
		return p.secret.digest(kind, body)
	case a.interval <= 0 || a.folderList == hold.Digest{}:
		// What it leaves out is only the server's to know, and the same as long as
		// nothing comes between.
		return p.secret.digest(kind, body)
	}
	return p.secret.digest(kind, strconv.AppendInt(nil, int64(a.interval), 10), a.folderList[:])
}

func (p *Proxy) readPing(a *ask, last watch.Last, body []byte, whole bool) {
	a.waits, a.form = true, "unread"
	if !whole {
		p.config.Metrics.unread(kindPing, "too-large")
		return
	}
	var ping eas.PingRequest
	if err := ping.Parse(body); err != nil {
		p.config.Metrics.unreadable(kindPing, err)
		return
	}
	a.interval, a.folders, a.folderList, a.named = last.Interval, last.Folders, last.FolderList, last.Pinged
	if ping.HasInterval {
		// What is no number above 0 is the server's to judge (MS-ASCMD 2.2.3.88.1).
		a.saidInterval = max(0, time.Duration(ping.Interval)*time.Second)
		if ping.Duplicate {
			a.saidInterval = 0 // which of the two a server takes is its own affair
		}
		a.interval, a.said = a.saidInterval, true
	}
	if ping.HasFolders {
		a.saidFolders = len(ping.Folders)
		a.folders = a.saidFolders
		a.folderList = p.folderList(ping.Folders)
		a.named = nil
		if p.settings.Load().Hold.Edge {
			a.named = nameFolders(&ping)
		}
	}
	switch {
	case ping.HasInterval && ping.HasFolders:
		a.form = "full"
	case ping.HasInterval:
		a.form = "interval-only"
	case ping.HasFolders:
		a.form = "folders-only"
	default:
		a.form = "empty"
	}
}

// mostNamed is how many folders a question to the server may name (MS-ASCMD 2.2.3.29.1).
const mostNamed = 300

// nameFolders are the folders of a Ping; nil where they are too many, or what a server
// makes of them is not known.
func nameFolders(ping *eas.PingRequest) (named []watch.Waited) {
	if ping.Duplicate || len(ping.Folders) > mostNamed {
		return nil
	}
	for _, f := range ping.Folders {
		named = append(named, watch.Waited{ID: string(f.ID), Class: string(f.Class)})
	}
	return named
}

// folderList stands for the folders of a Ping, in any order.
func (p *Proxy) folderList(folders []eas.PingFolder) hold.Digest {
	names := make([][]byte, len(folders))
	for i, f := range folders {
		names[i] = append(append(append(make([]byte, 0, len(f.ID)+len(f.Class)+1), f.ID...), 0), f.Class...)
	}
	slices.SortFunc(names, bytes.Compare)
	return p.secret.digest(names...)
}

func (p *Proxy) readSync(a *ask, last watch.Last, body []byte, whole bool) {
	a.kind, a.form = kindSync, "unread"
	if !whole {
		return // read along by passSync
	}
	if len(body) == 0 {
		a.form, a.interval, a.folders = "empty", last.Hold, last.SyncFolders
		// Whether a stranger's Sync is held must not tell whether the device's was.
		a.waits = a.interval > 0 && a.met
		return
	}
	sync, err := eas.ParseSyncRequest(body)
	if err != nil {
		p.config.Metrics.unreadable(kindSync, err)
		return
	}
	a.form, a.folders, a.sync = "full", len(sync.Collections), &sync
	if sync.Partial {
		a.form = "partial"
	}
	a.interval, a.said = sync.Hold(), true
	// With items in it the server answers at once (MS-ASCMD 3.1.5.4). Held and
	// then drained, the empty answer would tell the device that they were taken.
	a.waits = a.interval > 0 && !sync.Changes()
}

// remember keeps what was asked, now that the server has answered it. What a
// Sync's answer refuses in its own words, Memory leaves out.
func (p *Proxy) remember(a ask, answer eas.SyncResponse) {
	switch {
	case !a.tracked || a.form == "unread":
	case a.kind == kindPing:
		p.memory.Ping(a.device, a.saidInterval, a.saidFolders, a.folderList, a.named)
	case a.sync == nil:
		p.haste.synced(a.device, answer.Changed())
		p.memory.SyncAgain(a.device, answer)
	default:
		p.haste.synced(a.device, answer.Changed())
		p.memory.Sync(a.device, *a.sync, answer)
	}
}
