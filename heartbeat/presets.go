package heartbeat

import "time"

// presets are the ladders that are recognised; where two explain a device equally
// well, the first is named: Android's is by far the more common of its twins.
var presets = [...]Ladder{
	// Exchange's own description of Direct Push: 15 min; silence, 8; success, 12,
	// then 16; silence right after a raise, back and settled. It gives no upper
	// end: 59 min is the most that Exchange takes.
	{Name: "direct-push", Start: 15 * time.Minute, Step: 4 * time.Minute, Min: 8 * time.Minute, Max: 59 * time.Minute, OnDrop: DropToLastGood},
	// Android 4.4 to 7, EasPing.java: it can never go below 8 minutes.
	{Name: "aosp", Start: 480 * time.Second, Step: 300 * time.Second, Min: 480 * time.Second, Max: 1680 * time.Second, OnDrop: DropStep},
	// Android 4.0, EasSyncService.java: "to avoid hysteresis" one drop is the last move.
	{Name: "aosp-ics", Start: 470 * time.Second, Step: 180 * time.Second, Min: 290 * time.Second, Max: 1010 * time.Second, OnDrop: DropForGood},
	// MSFP's HeartbeatMin; its maximum was never published, this is Exchange 2003's.
	{Name: "windows-mobile", Start: 480 * time.Second, Step: 300 * time.Second, Min: 480 * time.Second, Max: 2700 * time.Second, OnDrop: DropToLastGood},
	// NACHO (600 s), Outlook mobile (180 s): whatever it is, it stays.
	{Name: "fixed"},
}

// Presets gives the ladders that the tracker recognises.
func Presets() []Ladder { return append([]Ladder(nil), presets[:]...) }
