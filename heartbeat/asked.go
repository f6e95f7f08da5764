package heartbeat

import "time"

// Exchange warns (event 1040, MSExchange ActiveSync) when the mean of the last 200
// intervals that devices asked for is 540 s or less: HeartbeatSampleSize and
// HeartbeatAlertThreshold. The same figure for each network, of what devices really
// asked, lets an admin tell our clamping from a bad path.
const (
	exchangeSample    = 200
	exchangeThreshold = Event1040Threshold
)

// Event1040Threshold is the mean at and below which Exchange warns.
const Event1040Threshold = 540 * time.Second

// askedMean keeps the last intervals asked for on a network.
type askedMean struct {
	last [exchangeSample]seconds
	n    int // how many were ever added
	sum  int
}

func (a *askedMean) add(asked time.Duration) {
	slot := &a.last[a.n%exchangeSample]
	a.sum += int(inSeconds(asked)) - int(*slot)
	*slot = inSeconds(asked)
	a.n++
}

func (a *askedMean) mean() time.Duration {
	n := min(a.n, exchangeSample)
	if n == 0 {
		return 0
	}
	return time.Duration(a.sum) * time.Second / time.Duration(n)
}

// alarming tells whether Exchange would raise event 1040. It judges full samples only.
func (a *askedMean) alarming() bool {
	return a.n >= exchangeSample && a.mean() <= exchangeThreshold
}
