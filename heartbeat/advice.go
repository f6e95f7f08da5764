package heartbeat

import "time"

// Advice is what is known of a network's idle limit.
type Advice struct {
	// Interval is the longest that is sure (95 %) to be survived, minus the margin: what
	// a wait should be at most. 0 = nothing to say: no limit was shown by three devices.
	Interval time.Duration

	Limit     time.Duration // as likely to be too high as too low; an hour stands for any more
	Low, High time.Duration // the limit lies here with 90 %: deaths that do not count yet are taken in

	Other          float64 // share of waits that died of another cause
	Survived, Died int     // waits that told something
	Devices        int     // that died lately; three are needed

	MeanAsked time.Duration // of the last 200 intervals asked for, 0 if none was
	Event1040 bool          // whether Exchange would warn of that mean
}

// advise draws up the Advice, or gives the last if nothing was seen since.
func (e *estimator) advise(now time.Duration, c NetworksConfig) Advice {
	if !e.stale {
		return e.advice
	}
	hearsay := e.belief
	for _, x := range e.deaths.last {
		for range x.untold {
			hearsay.died(x.at.duration(), e.other())
		}
	}
	e.advice = Advice{
		Interval: e.interval(c.Margin),
		Limit:    limitAt(hearsay.quantile(0.5)), Low: limitAt(hearsay.quantile(sure)), High: limitAt(hearsay.quantile(1 - sure)),
		Other: float64(e.other()), Survived: int(e.survived), Died: int(e.died), Devices: e.deaths.devices(now, c.HalfLife),
	}
	e.stale = false
	return e.advice
}
