package lab

import "time"

// DirectPush is the device of Exchange's own description of Direct Push: 15 minutes; silence, 8; success, 12, then
// 16; silence right after a raise, back to the last good interval for good. The upper end is ours: Exchange's 59 min.
func DirectPush() Ladder {
	return Ladder{Name: "direct-push", Start: 15 * time.Minute, Step: 4 * time.Minute,
		Min: 8 * time.Minute, Max: 59 * time.Minute, Drop: DropBack}
}

// AOSP is Android 4.4 to 7 (EasPing.java): 480 s, 300 up and down, 480 to 1680. It can never go below 8 minutes.
func AOSP() Ladder {
	return Ladder{Name: "aosp", Start: 480 * time.Second, Step: 300 * time.Second,
		Min: 480 * time.Second, Max: 1680 * time.Second, Drop: DropStep}
}

// AOSPICS is Android 4.0 (EasSyncService.java): 470 s, 180 up, 290 to 1010, one drop and never up again.
func AOSPICS() Ladder {
	return Ladder{Name: "aosp-ics", Start: 470 * time.Second, Step: 180 * time.Second,
		Min: 290 * time.Second, Max: 1010 * time.Second, Drop: DropStepOnce}
}

// WindowsMobile is Windows Mobile with MSFP: HeartbeatMin 480 s, steps of 300 s; the numeric maximum was never
// published, here it is Exchange 2003's 2700 s.
func WindowsMobile() Ladder {
	return Ladder{Name: "windows-mobile", Start: 480 * time.Second, Step: 300 * time.Second,
		Min: 480 * time.Second, Max: 2700 * time.Second, Drop: DropBack}
}

// Fixed always asks for d, as NACHO (600 s) and Outlook mobile (180 s) do. Only a Status 5 moves it.
func Fixed(d time.Duration) Ladder {
	return Ladder{Name: "fixed", Start: d, Min: d, Max: d, Drop: DropNot}
}

// Ladders lists every preset, Fixed with NACHO's 600 s.
func Ladders() []Ladder {
	return []Ladder{DirectPush(), AOSP(), AOSPICS(), WindowsMobile(), Fixed(600 * time.Second)}
}
