package jmap

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/wake"
)

// A failure is why nobody listens for a user any more.
type failure struct {
	why   string        // one of reasons: the label of the metric
	what  string        // a sentence for people; nothing in it is a user's
	pause time.Duration // not to be tried again before; 0: soon
	cause error
}

// reasons are all that a failure can be for.
var reasons = []string{
	"unreachable", // no connection, or it broke
	"refused",     // 401, 403: these credentials are not good here
	"unsupported", // the server does not do this: 204, 404, 405, 501, or no such method
	"busy",        // 429, 503
	"status",      // any other HTTP status
	"redirect",    // to another host
	"malformed",   // not what RFC 8620 says
	"oversize",    // more than we take
	"silent",      // no byte for more than two ping intervals
	"ended",       // the server closed an event stream
	"unverified",  // the server never sent the code for a push subscription
	"expired",     // it dropped a push subscription
}

// Error implements error.
func (f *failure) Error() string {
	if f.cause != nil {
		return f.what + ": " + wake.Cause(f.cause)
	}
	return f.what
}

// Unwrap gives what caused it.
func (f *failure) Unwrap() error { return f.cause }

const (
	soonest = time.Second      // before the first retry, where the server does not say
	latest  = 5 * time.Minute  // between two retries
	rest    = 15 * time.Minute // before what a person must cure is tried again
	steady  = time.Minute      // who listened for so long has not failed
)

// mourn counts and logs why a line has ended, and says how long to wait at least
// before the next attempt. stood says that the line was up: some servers and boxes end
// each stream after some minutes, and what matters is whether the next one comes up.
func (s *Source) mourn(err error, stood bool) time.Duration {
	var f *failure
	if !errors.As(err, &f) {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err // without the URL, in which the server may have put the user's name
		}
		f = &failure{why: "unreachable", what: "no connection to " + s.origin.Host, cause: err}
	}
	s.counts.failures.WithLabelValues(f.why).Inc()
	if stood || f.why == "refused" { // the latter is the user's trouble, not the source's: others are heard
		s.config.Log.Debug("nobody listens for a user", zap.String("reason", f.why), zap.String("why", f.Error()))
	} else {
		s.health.Down(f.Error(), zap.String("reason", f.why))
	}
	return f.pause
}

// pause doubles from one failure to the next, up to latest, and is never below least.
// Half of it is drawn: without that, all who lost their connection in one moment come
// back in one.
func pause(first, least time.Duration, failed int) time.Duration {
	d := min(first<<min(failed, 16), max(latest, first))
	d = max(d, least)
	return d + rand.N(d/2+1)
}

// refusal is the failure that an HTTP answer is, nil for one that is none. what is
// what was asked for.
func refusal(what string, r *http.Response) error {
	f := &failure{what: fmt.Sprintf("%s: the server answers %d", what, r.StatusCode)}
	switch r.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		// Tried again seldom: each attempt counts where accounts are locked, and a 401 can
		// also mean that what the server itself asks is down.
		f.why, f.pause = "refused", rest
	case http.StatusNoContent: // WHATWG HTML 9.2.3: do not come back. Cyrus says so where push is off
		f.why, f.pause, f.what = "unsupported", rest, what+": the server answers 204, it has no push: see docs/wake-jmap.md"
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
		f.why, f.pause = "unsupported", rest
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		f.why, f.pause = "busy", after(r)
	default:
		f.why = "status"
	}
	return f
}

// after is Retry-After in seconds (RFC 9110 10.2.3); 0 where there is none, and never
// longer than rest: a hostile value would silence us for good.
func after(r *http.Response) time.Duration {
	n, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, int(rest/time.Second))) * time.Second
}
