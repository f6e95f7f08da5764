package eas

import (
	"math"
	"strconv"
	"strings"

	"github.com/diastole/diastole/wbxml"
)

// tag is an element's code page and token in one, because token 0x08 is an
// interval on page 13, a folder's id on page 7 and an item change on page 0.
type tag uint16

func tagOf(t wbxml.Token) tag { return tag(t.Page)<<8 | tag(t.Tag) }

// String gives the element as a person writes it, "Ping:HeartbeatInterval".
func (t tag) String() string {
	ns, name, ok := TagName(byte(t>>8), byte(t))
	if !ok {
		return "element 0x" + strconv.FormatUint(uint64(t&0xFF), 16) + " of page " + strconv.Itoa(int(t>>8))
	}
	return ns + ":" + name
}

// The elements that this package reads and writes (MS-ASWBXML 2.1.2.1), each
// under its name there.
const (
	airSync                  tag = 0<<8 | 0x05
	airSyncAdd               tag = 0<<8 | 0x07
	airSyncChange            tag = 0<<8 | 0x08
	airSyncSyncKey           tag = 0<<8 | 0x0B
	airSyncServerID          tag = 0<<8 | 0x0D
	airSyncStatus            tag = 0<<8 | 0x0E
	airSyncCollection        tag = 0<<8 | 0x0F
	airSyncClass             tag = 0<<8 | 0x10
	airSyncCollectionID      tag = 0<<8 | 0x12
	airSyncGetChanges        tag = 0<<8 | 0x13
	airSyncMoreAvailable     tag = 0<<8 | 0x14
	airSyncWindowSize        tag = 0<<8 | 0x15
	airSyncCommands          tag = 0<<8 | 0x16
	airSyncOptions           tag = 0<<8 | 0x17
	airSyncFilterType        tag = 0<<8 | 0x18
	airSyncCollections       tag = 0<<8 | 0x1C
	airSyncApplicationData   tag = 0<<8 | 0x1D
	airSyncWait              tag = 0<<8 | 0x24
	airSyncLimit             tag = 0<<8 | 0x25
	airSyncPartial           tag = 0<<8 | 0x26
	airSyncHeartbeatInterval tag = 0<<8 | 0x29

	emailRead tag = 2<<8 | 0x15
	emailFlag tag = 2<<8 | 0x3A

	estimate             tag = 6<<8 | 0x05
	estimateCollections  tag = 6<<8 | 0x07
	estimateCollection   tag = 6<<8 | 0x08
	estimateClass        tag = 6<<8 | 0x09
	estimateCollectionID tag = 6<<8 | 0x0A
	estimateEstimate     tag = 6<<8 | 0x0C
	estimateResponse     tag = 6<<8 | 0x0D
	estimateStatus       tag = 6<<8 | 0x0E

	folderDisplayName tag = 7<<8 | 0x07
	folderServerID    tag = 7<<8 | 0x08
	folderParentID    tag = 7<<8 | 0x09
	folderType        tag = 7<<8 | 0x0A
	folderStatus      tag = 7<<8 | 0x0C
	folderChanges     tag = 7<<8 | 0x0E
	folderAdd         tag = 7<<8 | 0x0F
	folderDelete      tag = 7<<8 | 0x10
	folderUpdate      tag = 7<<8 | 0x11
	folderSyncKey     tag = 7<<8 | 0x12
	folderSync        tag = 7<<8 | 0x16
	folderCount       tag = 7<<8 | 0x17

	ping                  tag = 13<<8 | 0x05
	pingStatus            tag = 13<<8 | 0x07
	pingHeartbeatInterval tag = 13<<8 | 0x08
	pingFolders           tag = 13<<8 | 0x09
	pingFolder            tag = 13<<8 | 0x0A
	pingID                tag = 13<<8 | 0x0B
	pingClass             tag = 13<<8 | 0x0C
	pingMaxFolders        tag = 13<<8 | 0x0D
)

// decimal reads a plain decimal number; -1 if it is none. What stands outside
// of plain digits (" 480", "+300", "1e3", "-5") is read by each server in its
// own way, so for us it is not a number and the request stays untouched.
// Values beyond 31 bits are cut down to them: huge stays huge.
func decimal(text []byte) int {
	if len(text) == 0 {
		return -1
	}
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return -1
		}
		n = min(n*10+int(c-'0'), math.MaxInt32)
	}
	return n
}

// writer is an encoder that takes our tags.
type writer struct{ enc wbxml.Encoder }

func newWriter(dst []byte) *writer { return &writer{wbxml.AppendTo(dst)} }

func (w *writer) start(t tag) { w.enc.Start(byte(t>>8), byte(t)) }
func (w *writer) end()        { w.enc.End() }
func (w *writer) empty(t tag) { w.enc.Empty(byte(t>>8), byte(t)) }

// leaf writes an element with text. An id with a zero byte in it, which only
// OPAQUE can carry, goes out as it came in.
func (w *writer) leaf(t tag, text string) {
	if strings.IndexByte(text, 0) < 0 {
		w.enc.Leaf(byte(t>>8), byte(t), text)
		return
	}
	w.start(t)
	w.enc.Opaque([]byte(text))
	w.end()
}

func (w *writer) number(t tag, n int) { w.leaf(t, strconv.Itoa(n)) }

// positive writes a number if there is one.
func (w *writer) positive(t tag, n int) {
	if n > 0 {
		w.number(t, n)
	}
}
