package watch

import (
	"strconv"
	"strings"
	"time"

	"github.com/diastole/diastole/wbxml/eas"
)

// Ping notes a Ping that the server has accepted. A negative value stands for
// what the Ping left out: the server goes on with what it had (MS-ASCMD 3.1.5.8).
//
// list and named say which folders it names, and are left out with their number. nil
// says that they are not known; so do more than maxPinged, or one whose texts are too
// long: with half of them, changes in the others would be overlooked.
func (m *Memory) Ping(d Device, interval time.Duration, folders int, list [16]byte, named []Waited) {
	m.update(d, func(s *state) {
		s.asked = true
		if interval >= 0 {
			set(s, &s.Interval, interval)
		}
		if folders >= 0 {
			set(s, &s.Folders, folders)
			s.pinged(list, named)
		}
		if interval >= 0 && folders >= 0 {
			set(s, &s.PingOurs, false)
		}
	})
}

// Sync notes a Sync and its answer. A zero answer is the empty one: nothing new,
// all keys stay (MS-ASCMD 2.2.1.21.2). One that refuses the Sync as a whole (not
// provisioned, interval out of range) changes nothing, except that with an invalid key
// the device begins anew with all the folders it asked about.
func (m *Memory) Sync(d Device, asked eas.SyncRequest, answer eas.SyncResponse) {
	switch {
	case taken(answer):
		m.update(d, func(s *state) {
			s.asked = true
			s.sync(asked, answer)
			if !asked.Partial {
				set(s, &s.SyncOurs, false)
			}
		})
	case answer.Status == eas.SyncInvalidKey:
		m.updateKnown(d, func(s *state) { s.beginAnew(asked) })
	}
}

// SyncAgain notes the answer to an empty Sync, which repeats the last one.
func (m *Memory) SyncAgain(d Device, answer eas.SyncResponse) {
	switch {
	case taken(answer):
		m.update(d, func(s *state) { s.asked = true; s.syncAgain(answer) })
	case answer.Status == eas.SyncInvalidKey:
		m.updateKnown(d, func(s *state) { s.beginAnew(eas.SyncRequest{Partial: true}) })
	}
}

// taken: the server has dealt with the Sync, if not with each of its folders.
func taken(answer eas.SyncResponse) bool { return answer.Status <= eas.SyncSuccess }

// FolderSync notes a FolderSync and its answer (MS-ASCMD 2.2.1.5). One that was refused
// changes nothing, except that with an invalid key the device begins anew.
func (m *Memory) FolderSync(d Device, asked eas.FolderSyncRequest, answer eas.FolderSyncResponse) {
	switch answer.Status {
	case eas.FolderSyncSuccess:
		m.update(d, func(s *state) { s.asked = true; s.folderSync(asked, answer) })
	case eas.FolderSyncInvalidKey:
		m.updateKnown(d, func(s *state) { s.plant(nil) })
	}
}

// OwnPing notes that the server's last Ping of a device is not the device's own.
func (m *Memory) OwnPing(d Device) { m.updateKnown(d, func(s *state) { set(s, &s.PingOurs, true) }) }

// OwnSync notes the same of its last Sync.
func (m *Memory) OwnSync(d Device) { m.updateKnown(d, func(s *state) { set(s, &s.SyncOurs, true) }) }

// Accept notes the credentials with which the server has last answered a device. They
// are forgotten with the process.
func (m *Memory) Accept(d Device, credentials Credentials) {
	m.update(d, func(s *state) { s.accepted = credentials })
}

// Policy notes the policy key of a command that the server has answered: decimal digits
// (MS-ASHTTP 2.2.1.1.2.6), anything else is none.
func (m *Memory) Policy(d Device, key string) {
	if isPolicyKey(key) {
		m.updateKnown(d, func(s *state) { set(s, &s.PolicyKey, strings.Clone(key)) })
	}
}

// isPolicyKey: 32 bits, and no zeros before them, of which a device could send any number.
func isPolicyKey(key string) bool {
	_, err := strconv.ParseUint(key, 10, 32)
	return err == nil && key[0] != '0'
}

// Told notes that a device was told (Ping Status 2) that these folders have news.
func (m *Memory) Told(d Device, ids []string) {
	m.updateKnown(d, func(s *state) {
		for _, id := range ids {
			s.tell(id)
		}
	})
}

// WasTold tells whether a device was told of all of these folders and has come for none
// of them since. To tell it once more is then not our business: either the answer was
// lost or what we believe is wrong. It is false for no folder.
func (m *Memory) WasTold(d Device, ids []string) (all bool) {
	m.look(d, func(s *state) {
		all = len(ids) > 0
		for _, id := range ids {
			all = all && s.told[id]
		}
	})
	return all
}
