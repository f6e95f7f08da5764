package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/diastole/diastole/proxy/check"
	"github.com/diastole/diastole/wbxml/eas"
)

// trial is a wait to try: a Ping of an interval. With poke, one byte is sent as often:
// so a silence can be tried that is shorter than any Ping that the server takes.
type trial struct{ interval, poke time.Duration }

func (t trial) silence() time.Duration {
	if t.poke > 0 {
		return min(t.poke, t.interval)
	}
	return t.interval
}

// try holds a wait until its end says something. Mail that came, and a server that takes
// no Ping so short, do not.
func (d *device) try(ctx context.Context, v *visit, t trial) (h Hold) {
	const tries = 3
	for range tries {
		h = d.hold(ctx, v, t)
		switch {
		case h.End == endMail:
			if err := d.settle(ctx); err != nil {
				return h.failed(ctx, err)
			}
		case h.Status == 7: // the folders have changed meanwhile (MS-ASCMD 2.2.3.177.11)
			if err := d.enter(ctx); err != nil {
				return h.failed(ctx, err)
			}
		case h.End == endLimit && time.Duration(h.Limit) > t.interval:
			t = trial{interval: time.Duration(h.Limit), poke: t.silence()}
		default:
			return h
		}
	}
	return h
}

// dozing is how long this machine may have slept for a wait to count. Time as programs
// measure it stands still meanwhile, and the clocks of all others go on.
const dozing = time.Second

// hold asks once, on a connection of its own, and looks how it ends.
func (d *device) hold(ctx context.Context, v *visit, t trial) Hold {
	h := Hold{Asked: Span(t.interval), Silence: Span(t.silence())}
	r, err := d.Request(ctx, eas.CommandPing.String(), check.Ping(t.interval, d.waitsOn()))
	if err != nil {
		return h.failed(ctx, err)
	}
	l, err := v.connect(ctx, r.URL)
	if err != nil {
		return h.failed(ctx, err)
	}
	defer l.Close()
	h.To = l.bare.RemoteAddr().String()
	began, asleep := time.Now(), v.asleep()
	if err := r.Write(l); err != nil {
		return h.failed(ctx, err)
	}
	stop := l.pokeEvery(t.poke)
	got, err := l.answer(r, began.Add(t.interval+slack))
	stop()
	h.Took = Span(time.Since(began))
	if slept := v.asleep() - asleep; slept > dozing {
		h.End, h.Says = endSlept, "this machine slept for "+briefly(slept.Round(time.Second))+" meanwhile"
		return h
	}
	if ctx.Err() == nil && err == nil {
		h.answered(got, d.waitsOn())
		return h
	}
	if h.ended(ctx, err); h.End == endSilent && t.poke == 0 {
		if h.probe(ctx, l); h.Probe == probeAnswered {
			h.End, h.Took, h.Says = endLate, Span(time.Since(began)), "the answer came, too late"
		}
	}
	return h
}

// answered is an answer of HTTP: the wait's, or something else's in its place.
func (h *Hold) answered(got reply, asked []check.Folder) {
	h.HTTP, h.By = got.StatusCode, got.Header.Get("Server")
	if via := got.Header.Get("Via"); via != "" {
		h.By = strings.TrimSpace(h.By + " via " + via)
	}
	if got.StatusCode != 200 {
		h.End, h.Says = endHTTP, "HTTP "+strings.TrimSpace(got.Status)
		return
	}
	read, err := eas.ParsePingResponse(got.body)
	if err != nil {
		h.End, h.Says = endStrange, "HTTP 200 with "+got.Header.Get("Content-Type")
		return
	}
	h.Status = int(read.Status)
	h.Says = fmt.Sprintf("status %d", h.Status)
	a := Answer{State: check.ReadPing(got.body, asked).State.String(), Took: h.Took}
	if read.Status == 5 {
		h.Limit = Span(time.Duration(read.Interval) * time.Second)
		h.Says += ", limit " + briefly(time.Duration(h.Limit))
	}
	switch {
	case read.Status == 5 && (read.Interval < 1 || read.Interval > 3600):
		// No limit that can be held: it would be tried for a day, or be a cut after 0 s.
		h.End, h.Limit, h.Says = endStrange, 0, fmt.Sprintf("status 5 with a limit of %d s", read.Interval)
	case read.Status == 5:
		h.End = endLimit
	case read.Status == 2:
		h.End = endMail
	case read.Status != 1:
		h.End, h.Says = endStatus, statusWords(eas.CommandPing.String(), h.Status)
	case meaning(time.Duration(h.Asked), a) == early:
		h.End = endEarly
	default: // some seconds late is held too: a server that is slow is not a path that cuts
		h.End = endHeld
	}
}

// ended is the end of a connection without an answer.
func (h *Hold) ended(ctx context.Context, err error) {
	var slow net.Error
	var failed *net.OpError
	switch {
	case ctx.Err() != nil:
		h.End, h.Says = endGivenUp, "not held to its end"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		h.End, h.Says = endReset, "reset (RST) without an answer"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		h.End, h.Says = endClosed, "closed (FIN) without an answer"
	case errors.Is(err, syscall.ETIMEDOUT), errors.As(err, &slow) && slow.Timeout():
		h.End, h.Says = endSilent, "no answer"
	case errors.As(err, &failed):
		h.End, h.Says = endFailed, "the network failed: "+failed.Err.Error()
	default:
		h.End, h.Says = endStrange, err.Error()
	}
}

// failed is a wait that never began. It says nothing of how long one lives.
func (h Hold) failed(ctx context.Context, err error) Hold {
	h.End, h.Says = endFailed, explained(err).Error()
	if ctx.Err() != nil {
		h.End, h.Says = endGivenUp, "not held to its end"
	}
	return h
}

// probing is how long a byte on a silent connection is given to be acknowledged: five
// retransmissions, on most paths.
const probing = 15 * time.Second

// probe says one byte more on a connection whose answer did not come. Whoever answers
// it, or does not, tells a server that is mute from a box that has forgotten.
func (h *Hold) probe(ctx context.Context, l *line) {
	err := l.poke()
	if err == nil {
		_ = l.SetReadDeadline(time.Now().Add(probing)) // fails on what Read will fail on too
		_, err = l.read.ReadByte()
	}
	var after Hold
	if err != nil {
		after.ended(ctx, err)
	}
	h.Kernel = kernelOf(l.bare)
	switch {
	case err == nil:
		h.Probe = probeAnswered
	case after.End == endReset:
		h.Probe = probeReset
	case after.End == endClosed:
		h.Probe = probeClosed
	case h.Kernel == nil:
		h.Probe = probeNothing
	case h.Kernel.Waiting > 0 || errors.Is(err, syscall.ETIMEDOUT):
		h.Probe = probeLost
	default:
		h.Probe = probeAcked
	}
	h.Says += "; " + h.Probe.words(h.Kernel)
}
