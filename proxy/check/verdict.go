package check

import "github.com/diastole/diastole/wbxml/eas"

// State is what is known after a check.
type State int

const (
	Unclear   State = iota // nothing: only the device's own request can tell
	Unchanged              // no folder asked about has anything new
	Changed                // at least one has
)

// String names the state, for logs and metrics.
func (s State) String() string { return [...]string{"unclear", "unchanged", "changed"}[s] }

// Verdict is what an answer says.
type Verdict struct {
	State State

	// Folders are the ids that have something new, each of them asked about, in the
	// order asked. With Changed there is at least one, otherwise none.
	Folders []string

	Why string // with Unclear one of Reasons, otherwise ""
}

// Why a verdict is Unclear.
const (
	whyEmpty    = "empty"    // no body
	whyDocument = "document" // not read as the document it should be; it may be cut
	whyStatus   = "status"   // the server reports something other than a success
	whyFolder   = "folder"   // it speaks of a folder that was not asked about, or names none
	whyTwice    = "twice"    // it says two things about one folder
	whyMissing  = "missing"  // it says nothing about a folder
	whyEstimate = "estimate" // a folder's number is absent, or none
)

// Reasons are all values of Verdict.Why, for a metric's labels.
func Reasons() []string {
	return []string{whyEmpty, whyDocument, whyStatus, whyFolder, whyTwice, whyMissing, whyEstimate}
}

func unclear(why string) Verdict { return Verdict{Why: why} }

// ReadEstimate reads the answer, unpacked, to an Estimate about the folders asked.
// Unchanged and Changed both need a success and a number for every folder: of a folder
// that the server says nothing about, a change would stay unseen as long as we wait.
func ReadEstimate(body []byte, asked []Folder) Verdict {
	switch {
	case len(body) == 0:
		return unclear(whyEmpty)
	case len(asked) == 0:
		return unclear(whyMissing) // nothing was asked, so nothing is known to be unchanged
	}
	answer, err := eas.ParseEstimateResponse(body)
	if err != nil {
		return unclear(whyDocument)
	}
	if answer.Status > eas.EstimateSuccess { // not provisioned, wipe requested, ...
		return unclear(whyStatus)
	}
	asked = once(asked)
	estimates, why := estimatesOf(answer.Answers, asked)
	if why != "" {
		return unclear(why)
	}
	var folders []string
	for _, f := range asked {
		switch n, said := estimates[f.ID]; {
		case !said:
			return unclear(whyMissing)
		case n > 0:
			folders = append(folders, f.ID)
		}
	}
	return verdict(folders)
}

// estimatesOf gives the number of each folder that the answers speak of.
func estimatesOf(answers []eas.EstimateAnswer, asked []Folder) (estimates map[string]int, why string) {
	known := ids(asked)
	estimates = make(map[string]int, len(asked))
	for _, a := range answers {
		_, twice := estimates[a.ID]
		switch {
		case a.Status != eas.EstimateSuccess: // 2: no such folder, 3: not primed, 4: another key
			return nil, whyStatus
		case !known[a.ID]:
			return nil, whyFolder
		case twice:
			return nil, whyTwice
		case a.Estimate < 0:
			return nil, whyEstimate
		}
		estimates[a.ID] = a.Estimate
	}
	return estimates, ""
}

// ReadPing reads the answer, unpacked, to a Ping on the folders asked (MS-ASCMD
// 2.2.3.177.11). Folders that were not asked about are left out of the verdict: a
// device that is told of them Syncs in vain. All other statuses are the device's own
// business, and its own request brings them.
func ReadPing(body []byte, asked []Folder) Verdict {
	switch {
	case len(body) == 0:
		return unclear(whyEmpty)
	case len(asked) == 0:
		return unclear(whyMissing)
	}
	answer, err := eas.ParsePingResponse(body)
	switch {
	case err != nil:
		return unclear(whyDocument)
	case answer.Status == eas.PingExpired && len(answer.Folders) > 0:
		return unclear(whyFolder) // nothing new, in these folders: it cannot mean both
	case answer.Status == eas.PingExpired:
		return Verdict{State: Unchanged}
	case answer.Status != eas.PingChanges:
		return unclear(whyStatus)
	}
	named := make(map[string]bool, len(answer.Folders))
	for _, id := range answer.Folders {
		named[id] = true
	}
	var folders []string
	for _, f := range once(asked) {
		if named[f.ID] {
			folders = append(folders, f.ID)
		}
	}
	if folders == nil {
		return unclear(whyFolder)
	}
	return verdict(folders)
}

func verdict(changed []string) Verdict {
	if len(changed) == 0 {
		return Verdict{State: Unchanged}
	}
	return Verdict{State: Changed, Folders: changed}
}

func ids(folders []Folder) map[string]bool {
	known := make(map[string]bool, len(folders))
	for _, f := range folders {
		known[f.ID] = true
	}
	return known
}
