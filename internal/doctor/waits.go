package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/diastole/diastole/proxy/check"
)

// shortest are the short Pings whose cost is looked at. SOGo makes 5 s of less;
// Z-Push spends the last second of each in a busy loop.
var shortest = []time.Duration{checkPing, time.Second}

// checkPing is the Ping that stands for a check.
const checkPing = 5 * time.Second

// waits holds one Ping for long and some for a moment, while nothing happens.
func (v *visit) waits(ctx context.Context) error {
	v.tell(fmt.Sprintf("waiting with a Ping of %s: does the server hold it?", v.Wait))
	asked, answer, err := v.undisturbed(ctx, v.Wait)
	if err != nil {
		return err
	}
	v.report.Wait = Wait{Asked: Span(asked), Answer: answer, Means: meaning(asked, answer)}
	v.tell("asking by short Pings: what does one cost that finds nothing?")
	for _, interval := range shortest {
		answer, err := v.first.ping(ctx, interval)
		if err != nil {
			return err
		}
		v.report.Short = append(v.report.Short, Wait{Asked: Span(interval), Answer: answer, Means: meaning(interval, answer)})
	}
	return nil
}

// longestLimit bounds what a server that refuses the interval may make of it.
const longestLimit = 2 * time.Minute

// undisturbed waits until a wait was not ended by mail, which others may send
// meanwhile. A server that wants another interval gets it.
func (v *visit) undisturbed(ctx context.Context, interval time.Duration) (time.Duration, Answer, error) {
	const tries = 3
	for try := 1; ; try++ {
		answer, err := v.first.ping(ctx, interval)
		if err != nil || try == tries {
			return interval, answer, err
		}
		switch {
		case answer.State == check.Changed.String():
			v.tell("something came into the inbox, once more")
			if err := v.first.settle(ctx); err != nil {
				return interval, answer, err
			}
		case answer.limit > 0 && answer.limit != interval && answer.limit <= longestLimit:
			interval = answer.limit
			v.tell(fmt.Sprintf("the server wants %s instead", interval))
		default:
			return interval, answer, nil
		}
	}
}

// What a Ping means that ended.
const (
	holds   = "held to its end"
	early   = "ended early"
	late    = "ended late"
	refused = "refused"
	cut     = "cut"
	broken  = "disturbed by mail"
)

// meaning is what the end of a Ping says. Z-Push is up to a second early by its own
// arithmetic, SOGo half a second late.
func meaning(asked time.Duration, a Answer) string {
	took := time.Duration(a.Took)
	switch {
	case a.limit > 0:
		return refused
	case a.State == check.Changed.String():
		return broken
	case a.State != check.Unchanged.String():
		return cut
	case took < asked-2*time.Second, asked <= 2*time.Second && took < asked/4:
		return early
	case took > asked+3*time.Second:
		return late
	}
	return holds
}
