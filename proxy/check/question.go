package check

import (
	"time"

	"github.com/diastole/diastole/wbxml/eas"
)

// maxFolders is how many folders one GetItemEstimate may ask about (MS-ASCMD
// 2.2.3.29.1). A server may refuse more as a whole.
const maxFolders = 300

// Folder is a folder that a device waits on, as the device has it.
type Folder struct {
	ID         string
	Class      string // Email, Calendar, Contacts, Tasks, Notes; "" not known
	SyncKey    string // of its last Sync; "" not known
	FilterType int    // of its last Sync (MS-ASCMD 2.2.3.68.2), -1: none
}

// Estimate is a GetItemEstimate body for all folders, in the layout of the given
// protocol version ("12.1", "14.1"). A folder that is there twice is asked about once.
//
// ok is false where the question cannot be asked: there is no folder, or more than 300,
// or one has no id, or no key yet. Key "0" is none: the device has not begun with that
// folder, so all of it would be new (SOGo answers it with HTTP 501, Z-Push with Status 3).
func Estimate(version string, folders []Folder) (body []byte, ok bool) {
	var request eas.EstimateRequest
	for _, f := range once(folders) {
		if f.ID == "" || f.SyncKey == "" || f.SyncKey == "0" {
			return nil, false
		}
		request.Collections = append(request.Collections, eas.EstimateCollection(f))
	}
	if n := len(request.Collections); n == 0 || n > maxFolders {
		return nil, false
	}
	return request.Append(nil, version), true
}

// Ping is a full Ping of the given interval on the folders (MS-ASCMD 2.2.1.13), in whole
// seconds and at least one: with 0 Z-Push answers at once and looks at nothing. Without
// a folder it is nil, which must not be sent: it would mean the device's last Ping.
//
// The server keeps it as the device's last one. So from then on what the device leaves
// out of its own Pings has to be filled in before they go up (MS-ASCMD 3.1.5.8).
func Ping(interval time.Duration, folders []Folder) []byte {
	if len(folders) == 0 {
		return nil
	}
	request := eas.PingRequest{HasInterval: true, Interval: max(1, int(interval/time.Second)), HasFolders: true}
	for _, f := range once(folders) {
		folder := eas.PingFolder{ID: []byte(f.ID)}
		if f.Class != "" {
			folder.Class = []byte(f.Class)
		}
		request.Folders = append(request.Folders, folder)
	}
	return request.Append(nil)
}

// once is each folder once: devices name some twice, and the answer would then be
// about neither.
func once(folders []Folder) []Folder {
	seen := make(map[string]bool, len(folders))
	var out []Folder
	for _, f := range folders {
		if !seen[f.ID] {
			seen[f.ID] = true
			out = append(out, f)
		}
	}
	return out
}
