// Package proof finds out whether an answer that was written after a silence
// has reached its device. A box on the way that has forgotten the connection
// says nothing: the write succeeds, and only the kernel's counters (TCP_INFO)
// and the device's next request tell.
//
//	before := proof.Before(conn)      // the answer's first byte is not written yet
//	...                               // it is written
//	id := watcher.Watch(proof.Answer{Conn: conn, Before: before, Held: held}, now, report)
//	...
//	watcher.Confirm(id)               // the next request has come on that connection
//
// Its judgement is a heartbeat.Proof. It knows neither HTTP nor ActiveSync, writes nothing to a socket and keeps none
// open: a proof that sent a byte would be the radio wake that it counts. There is
// one timer for all answers under watch and no goroutine for each.
package proof
