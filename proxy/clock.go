package proxy

import "time"

// Clock is the time in which devices and their server live: in which they count the
// seconds of an interval, and in which is learned of them. Its zero value is ours. A
// demo's world lives faster: there a wait of 480 s is over after 8 of ours. Waits go by
// it that are held at the server; edge and slices, which no demo has, go by ours.
type Clock struct {
	Began time.Time // when both clocks showed the same
	Pace  int       // how many times faster than ours it goes; up to 1: it is ours
}

// Now is what it shows.
func (c Clock) Now() time.Time { return c.At(time.Now()) }

// At is what it shows when ours shows t.
func (c Clock) At(t time.Time) time.Time {
	if c.Pace <= 1 {
		return t
	}
	return c.Began.Add(c.Theirs(t.Sub(c.Began)))
}

// Theirs is how much of its time passes with d of ours.
func (c Clock) Theirs(d time.Duration) time.Duration { return d * time.Duration(max(c.Pace, 1)) }

// Ours is how much of our time passes with d of its.
func (c Clock) Ours(d time.Duration) time.Duration { return d / time.Duration(max(c.Pace, 1)) }

// proving is how long the fate of an answer is awaited; 0: as long as it takes a real
// kernel on a real path. However fast a demo lives, two of the kernel's time-outs have to
// pass before an answer is called lost, and they take 0.6 s of ours.
func (c Clock) proving() time.Duration {
	if c.Pace <= 1 {
		return 0
	}
	return 1500 * time.Millisecond
}
