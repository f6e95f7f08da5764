package eas

import (
	"errors"

	"github.com/diastole/diastole/wbxml"
)

// listLimits bound a document that lists collections or folders.
var listLimits = wbxml.Limits{Bytes: 8 << 20, Depth: 16, Elements: 200_000}

// EstimateRequest is the body of a GetItemEstimate request (MS-ASCMD 2.2.1.9):
// how many items would a Sync with these keys bring? The server keeps no
// memory of the question (MS-ASCMD 2.2.3.181.3).
type EstimateRequest struct {
	Collections []EstimateCollection // 1 to 300 (MS-ASCMD 2.2.3.29.1)
}

// EstimateCollection is one folder that is asked about.
type EstimateCollection struct {
	ID      string
	Class   string // "" if absent
	SyncKey string // that of the device's last Sync of this folder

	// FilterType is that of the device's last Sync, -1 if absent. Without it
	// old mail outside of the device's window counts as a change for ever.
	FilterType int
}

// ParseEstimateRequest reads a request in either layout: Class and FilterType
// beside the id up to 12.1, within Options since 14.0.
func ParseEstimateRequest(body []byte) (EstimateRequest, error) {
	var r EstimateRequest
	var w walker
	w.inMemory(body, estimate, listLimits)
	err := w.run(&r)
	return r, err
}

func (r *EstimateRequest) start(path []tag) {
	if len(path) == 3 && path[1] == estimateCollections && path[2] == estimateCollection {
		r.Collections = append(r.Collections, EstimateCollection{FilterType: -1})
	}
}

func (r *EstimateRequest) end(path []tag, l *leaf) {
	if len(path) < 4 || path[1] != estimateCollections || path[2] != estimateCollection {
		return
	}
	if len(path) > 5 || len(path) == 5 && path[3] != airSyncOptions {
		return
	}
	c := &r.Collections[len(r.Collections)-1]
	switch path[len(path)-1] {
	case estimateCollectionID:
		first(&c.ID, "", string(l.text))
	case estimateClass, airSyncClass:
		first(&c.Class, "", string(l.text))
	case airSyncSyncKey:
		first(&c.SyncKey, "", string(l.text))
	case airSyncFilterType:
		first(&c.FilterType, -1, decimal(l.text))
	}
}

// Append appends the request in the layout of a protocol version (MS-ASCMD
// 6.20). SyncKey is the first of the new and the last of the old one; servers
// that read in order take no other.
func (r *EstimateRequest) Append(dst []byte, version string) []byte {
	w := newWriter(dst)
	w.start(estimate)
	w.start(estimateCollections)
	for i := range r.Collections {
		w.start(estimateCollection)
		if since14(version) {
			r.Collections[i].write(w)
		} else {
			r.Collections[i].writeBefore14(w)
		}
		w.end()
	}
	w.end()
	w.end()
	return w.enc.Bytes()
}

func (c *EstimateCollection) write(w *writer) {
	w.leaf(airSyncSyncKey, c.SyncKey)
	w.leaf(estimateCollectionID, c.ID)
	writeOptions(w, c.FilterType, c.Class)
}

func (c *EstimateCollection) writeBefore14(w *writer) {
	if c.Class != "" {
		w.leaf(estimateClass, c.Class)
	}
	w.leaf(estimateCollectionID, c.ID)
	w.number(airSyncFilterType, max(c.FilterType, 0)) // required here; 0 is no filter
	w.leaf(airSyncSyncKey, c.SyncKey)
}

// EstimateResponse is the body of a GetItemEstimate response.
type EstimateResponse struct {
	Status  EstimateStatus // of the whole, with a common status; 0 if only the answers have one
	Answers []EstimateAnswer
}

// EstimateAnswer is the answer for one folder (MS-ASCMD 2.2.3.153.3).
type EstimateAnswer struct {
	Status   EstimateStatus
	ID       string
	Class    string // up to 12.1; "" if absent
	Estimate int    // items that a Sync would bring, -1 if absent (MS-ASCMD 2.2.3.65)
}

var errNoEstimate = errors.New("eas: the GetItemEstimate response has no Status (MS-ASCMD 2.2.3.177.7)")

// ParseEstimateResponse reads a response. Every error means that it is not
// known whether something has changed.
func ParseEstimateResponse(body []byte) (EstimateResponse, error) {
	var r EstimateResponse
	var w walker
	w.inMemory(body, estimate, listLimits)
	err := w.run(&r)
	if err == nil && r.Status == 0 && len(r.Answers) == 0 {
		err = errNoEstimate
	}
	return r, err
}

func (r *EstimateResponse) start(path []tag) {
	if len(path) == 2 && path[1] == estimateResponse {
		r.Answers = append(r.Answers, EstimateAnswer{Estimate: -1})
	}
}

func (r *EstimateResponse) end(path []tag, l *leaf) {
	if len(path) == 2 && path[1] == estimateStatus {
		first(&r.Status, 0, EstimateStatus(max(decimal(l.text), 0)))
	}
	if len(path) < 3 || path[1] != estimateResponse {
		return
	}
	a := &r.Answers[len(r.Answers)-1]
	switch {
	case len(path) == 3 && path[2] == estimateStatus:
		first(&a.Status, 0, EstimateStatus(max(decimal(l.text), 0)))
	case len(path) != 4 || path[2] != estimateCollection:
	case path[3] == estimateCollectionID:
		first(&a.ID, "", string(l.text))
	case path[3] == estimateClass:
		first(&a.Class, "", string(l.text))
	case path[3] == estimateEstimate:
		first(&a.Estimate, -1, decimal(l.text))
	}
}

// Append appends the response.
func (r *EstimateResponse) Append(dst []byte) []byte {
	w := newWriter(dst)
	w.start(estimate)
	w.positive(estimateStatus, int(r.Status))
	for _, a := range r.Answers {
		w.start(estimateResponse)
		w.number(estimateStatus, int(a.Status))
		w.start(estimateCollection)
		if a.Class != "" {
			w.leaf(estimateClass, a.Class)
		}
		w.leaf(estimateCollectionID, a.ID)
		if a.Estimate >= 0 {
			w.number(estimateEstimate, a.Estimate)
		}
		w.end()
		w.end()
	}
	w.end()
	return w.enc.Bytes()
}
