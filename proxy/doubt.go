package proxy

import "github.com/diastole/diastole/wbxml/eas"

// doubt forgets the keys of a Sync that is about to go up; its answer brings them back.
// If it is lost, the server has moved on and the device has not (SOGo bfa3cf3). Asked by
// estimates, the server looks at the key of the device; a Ping it compares with the last
// key that it gave (MS-ASCMD 3.1.5.8), and "nothing new" would then keep a device from
// what it lacks. So its next Sync has to go up too.
func (p *Proxy) doubt(a *ask) {
	// Also while waits are the server's: the next reload may bring them here.
	if p.settings.Load().Hold.Check == byPing && a.kind == kindSync && a.tracked && a.sync != nil {
		p.memory.Sync(a.device, *a.sync, eas.SyncResponse{Status: eas.SyncInvalidKey})
	}
}
