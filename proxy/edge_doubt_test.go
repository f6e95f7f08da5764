package proxy

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// A Ping is compared with the last key that was handed out, and a hanging Sync shows
// the key that its device has. Where an answer was lost they are not the same (MS-ASCMD
// 3.1.5.3, SOGo bfa3cf3), and no Ping of ours would find what was in it.
func TestAHangingSyncAfterALostAnswerGoesUp(t *testing.T) {
	for _, how := range []string{"estimate", byPing} {
		for name, lost := range map[string]lab.FaultKind{"lost": lab.FaultLost, "cut": lab.FaultCutHead} {
			for _, first := range []string{"hanging", "at once"} {
				t.Run(how+"/"+name+"/"+first, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := edgeWorldOf(t, lab.ServerConfig{Users: map[string]string{"anna": "secret"}, MinHeartbeat: time.Second},
							func(c *Config) { c.Hold.Check = how })
						phone := w.synced("anna", "secret", "14.1")
						wait := w.waitOf(phone, "Sync", "14.1")
						w.server.Inject(lab.Fault{Match: lab.On("Sync"), Times: 1, Kind: lost})
						w.deliver("anna")
						once := wait
						if first == "at once" {
							once.body = w.syncOnce(phone)
						}
						w.answerTo(once)
						w.passes(15 * time.Second) // it knows by now that its answer is lost
						got := w.answerTo(wait)
						w.passes(6 * time.Second)
						select {
						case answer := <-got:
							if said, err := eas.ParseSyncResponse([]byte(answer.body)); err != nil || !said.Changed() {
								t.Errorf("the phone got %+v, %v, want its mail", answer, err)
							}
						default:
							t.Error("the phone, which lacks a mail, is not answered")
						}
					})
				})
			}
		}
	}
}

// syncOnce is a Sync that does not wait.
func (w *edgeWorld) syncOnce(phone *ringer) []byte {
	sync := eas.SyncRequest{Interval: -1, Wait: -1, Collections: []eas.SyncCollection{
		{ID: "5", SyncKey: phone.Key("5"), FilterType: -1, GetChanges: true},
	}}
	return sync.Append(nil, "14.1")
}
