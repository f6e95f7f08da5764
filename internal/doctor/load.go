package doctor

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

const (
	// settled is how long a wait is given to reach its worker.
	settled = 300 * time.Millisecond

	// slow is what OPTIONS may take at most: people who open their mail wait for it.
	slow = time.Second

	// patience is how long a slow OPTIONS is waited for. It says enough.
	patience = 5 * time.Second
)

// load holds more and more waits, each of a device of its own, until OPTIONS gets slow:
// that many workers the server has.
func (v *visit) load(ctx context.Context) error {
	most := min(v.Load, MostLoad)
	if most == 0 {
		return nil
	}
	v.tell(fmt.Sprintf("registering %d more devices, and holding up to as many waits of %s at once", most, v.Wait))
	devices, err := v.crowd(ctx, most)
	defer func() {
		for _, d := range devices {
			d.Close()
		}
	}()
	if err != nil {
		return err
	}
	result := &Load{Tried: most}
	if result.Before, err = v.options(ctx); err != nil {
		return err
	}
	v.report.Load = result
	waiting, leave := context.WithCancel(ctx)
	var held sync.WaitGroup
	defer held.Wait()
	defer leave()
	for n, d := range devices {
		held.Go(func() { d.ping(waiting, v.Wait) }) // how it ends does not matter
		if err := pause(ctx, settled); err != nil {
			return err
		}
		if result.Last, err = v.options(ctx); err != nil {
			return err
		}
		if took := time.Duration(result.Last); took > slow && took > 5*time.Duration(result.Before) {
			result.SlowAt = n + 1
			v.tell(fmt.Sprintf("slow with %d: letting go; a server that does not notice stays busy for up to %s", n+1, v.Wait))
			return nil
		}
	}
	return nil
}

func (v *visit) crowd(ctx context.Context, n int) (devices []*device, err error) {
	for i := range n {
		d := v.device("Load" + strconv.Itoa(i+1))
		devices = append(devices, d)
		if err := d.enter(ctx); err != nil {
			return devices, err
		}
	}
	return devices, nil
}

// options is how long OPTIONS takes; no answer is as long as was waited for one.
func (v *visit) options(ctx context.Context) (Span, error) {
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	_, err := v.second.OptionsHeader(within)
	if err != nil && within.Err() == nil {
		return 0, err
	}
	return Span(time.Since(began)), ctx.Err()
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
