package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Phones is the phones' process: many clients of one proxy.
type Phones struct {
	addr   string
	phones []*phone
}

// Crowd is how many phones connect to which proxy, and how.
type Crowd struct {
	Addr   string
	Phones int
	Within time.Duration // they come evenly, not all at once
	Asking bool          // each sends a Ping as soon as it is connected
}

// Connect opens a crowd's connections, at most 64 at a time.
func (p *Phones) Connect(c Crowd, _ *none) error {
	p.addr, p.phones = c.Addr, make([]*phone, c.Phones)
	for i := range p.phones {
		p.phones[i] = &phone{device: i}
	}
	begin := time.Now()
	return p.each(64, func(ph *phone) error {
		time.Sleep(time.Until(begin.Add(c.Within * time.Duration(ph.device) / time.Duration(c.Phones))))
		err := ph.connect(p.addr, time.Now().Add(patience))
		if err == nil && c.Asking {
			err = ph.ask()
		}
		return err
	})
}

// each lets some phones at once do a thing, and waits for all of them.
func (p *Phones) each(atOnce int, do func(*phone) error) error {
	var wg sync.WaitGroup
	slots, errs := make(chan struct{}, atOnce), make([]error, len(p.phones))
	for i, ph := range p.phones {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = do(ph)
		})
	}
	wg.Wait()
	return firstOf(errs)
}

// firstOf is one error for thousands of the same.
func firstOf(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%d phones, the first: %w", len(errs), errs[0])
}

// Version replies the version of TLS that was agreed on.
func (p *Phones) Version(_ none, version *uint16) error {
	*version = p.phones[0].tls.ConnectionState().Version
	return nil
}

// Talk is a conversation: each phone sends the command and reads its answer, so
// many times.
type Talk struct {
	Command string
	Times   int
}

// Converse lets all phones talk at once, and replies how many requests had to be
// sent again since they connected.
func (p *Phones) Converse(t Talk, again *int64) error {
	err := p.each(len(p.phones), func(ph *phone) error {
		for range t.Times {
			if err := ph.converse(p.addr, t.Command); err != nil {
				return err
			}
		}
		return nil
	})
	for _, ph := range p.phones {
		*again += ph.refused.Load()
	}
	return err
}

// Ask lets each phone send a Ping on the connection that it has.
func (p *Phones) Ask(none, *none) error {
	return p.each(64, (*phone).ask)
}

// Waiting is the state of all phones in a hold.
type Waiting struct {
	Phones   int    // that have neither answer nor error
	Refused  int64  // answers so far that were refusals, after which they asked again
	Segments int64  // TCP segments that have come to those
	Why      string // one of the others does not wait
}

// Waiting replies the state of this moment.
func (p *Phones) Waiting(_ none, w *Waiting) error {
	for _, ph := range p.phones {
		w.Refused += ph.refused.Load()
		if !ph.waits() {
			got := <-ph.answer
			ph.answer <- got // for Woken
			w.Why = fmt.Sprint(got.err)
			continue
		}
		n, err := ph.segments()
		if err != nil {
			return err
		}
		w.Phones, w.Segments = w.Phones+1, w.Segments+n
	}
	return nil
}

// Woken is when each phone had its answer.
type Woken struct {
	At   []int64 // now, in order
	Lost int     // phones that never had it
	Why  string
}

// Woken waits for all answers and replies them.
func (p *Phones) Woken(_ none, w *Woken) error {
	late, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	for _, ph := range p.phones {
		got := ph.await(late)
		if got.err != nil {
			w.Lost, w.Why = w.Lost+1, got.err.Error()
			continue
		}
		w.At = append(w.At, got.at)
	}
	slices.Sort(w.At)
	return nil
}

// Storm is what a reconnect storm was for the phones.
type Storm struct {
	Cut  int64 // when their connections were cut
	Sent int64 // when the last of them had sent its request again, or given up
}

// Storm cuts all connections; each phone comes back with a full TLS handshake
// and asks again, at its own moment of the next second. Who could not is seen by
// Waiting.
func (p *Phones) Storm(_ none, s *Storm) error {
	if err := p.Cut(none{}, nil); err != nil {
		return err
	}
	s.Cut = now()
	_ = p.each(len(p.phones), func(ph *phone) error {
		time.Sleep(time.Second * time.Duration(ph.device) / time.Duration(len(p.phones)))
		return ph.comeBack(p.addr)
	})
	s.Sent = now()
	return nil
}

// Cut ends all connections with RST, as a network does that goes away: a FIN
// might still be taken for a phone that only stopped sending.
func (p *Phones) Cut(none, *none) error {
	for _, ph := range p.phones {
		ph.cut()
	}
	return nil
}
