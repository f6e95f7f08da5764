package heartbeat

import (
	"time"
	"unique"
)

// remembered is how many ended waits of a device are kept.
const remembered = 8

// device is what is known about one, small: there may be a million.
type device struct {
	label
	network unique.Handle[Network] // of the wait asked for last
	last    [remembered]record     // newest first
	ladder  scores
	ended   uint8 // how many of last are filled

	asked, given seconds
	good         seconds // the longest that it knows to work
	told         seconds // the limit of a refusal
	askedAt      uint32

	waiting bool // the wait asked for last has not ended
	suspect bool // the last wait broke: asking for less now says that the path did it
	lowered bool // it asks for less than in the last wait, which had ended, and from the same network
	deaf    bool // it was told a limit and asked for more again
}

// ask notes that a wait begins. What it asks may tell that the wait before it was
// killed by the path.
func (d *device) ask(now time.Time, n unique.Handle[Network], asked time.Duration) (died time.Duration, ok bool) {
	d.lowered = false
	switch {
	case d.ended == 0 && d.asked == 0:
		d.ladder.begin(asked)
	case d.ended > 0 && !d.waiting: // otherwise the wait before is still to end, and judged then
		last := d.last[0].ended()
		d.learn(last, asked)
		d.lowered = n == d.network && asked < last.Asked
		died, ok = last.Held, d.suspect && d.lowered
	}
	d.deaf = d.deaf || d.told > 0 && inSeconds(asked) > d.told
	d.asked, d.askedAt, d.network = inSeconds(asked), stamp(now), n
	d.waiting, d.suspect = true, false
	return died, ok
}

// learn takes what the next interval says about the last wait.
func (d *device) learn(last Ended, asked time.Duration) {
	d.ladder.next(last, d.good.duration(), asked)
	if last.full() && asked >= last.Asked {
		d.good = inSeconds(last.Asked) // it went on as after a success
	}
}

// end notes that a wait is over. One that a younger wait of the device replaced
// ends after that has begun: then it is known already what it asked next.
func (d *device) end(now time.Time, w Wait) (died time.Duration, ok bool) {
	e := Ended{now, w.Asked, w.Given, w.Held, w.Outcome, w.Proof}
	d.remember(e)
	younger := d.waiting && d.askedAt > stamp(now.Add(-w.Held))+1
	lost := (w.Outcome == Silent || w.Outcome == Reset) && w.Network == d.network.Value()
	if younger {
		next := d.asked.duration()
		d.learn(e, next)
		return w.Held, lost && next < w.Asked.Round(time.Second)
	}
	d.waiting, d.suspect = false, lost
	return 0, false
}

func (d *device) remember(e Ended) {
	copy(d.last[1:], d.last[:remembered-1])
	d.last[0] = pack(e)
	d.ended = min(d.ended+1, remembered)
	d.given = inSeconds(e.Given)
	if e.Outcome == Refused && e.Given < e.Asked {
		d.told = d.given
	}
	d.weigh(d.last[0])
}

// weigh takes what a proof says about an interval.
func (d *device) weigh(r record) {
	e := r.ended()
	switch {
	case e.full() && e.Proof.delivered():
		d.good = r.asked
	case e.Proof == Lost && r.asked == d.good:
		d.good = 0
	}
}

// prove finds the wait that a late proof belongs to; false if there is none that
// waits for one, so that no proof counts twice.
func (d *device) prove(held time.Duration, p Proof) bool {
	for i := range d.last[:d.ended] {
		r := &d.last[i]
		if r.proof == Unknown && r.held == inSeconds(held) && answered(r.outcome) {
			r.proof = p
			d.weigh(*r)
			return true
		}
	}
	return false
}

// answered tells the outcomes at whose end something was written to the device.
func answered(o Outcome) bool { return o != Left && o != Reset && o != Silent }
