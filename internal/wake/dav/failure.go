package dav

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/diastole/diastole/internal/wake"
)

// A failure is why a look has seen nothing.
type failure struct {
	why   string // one of reasons: the label of the metric
	what  string // a sentence for people; nothing in it is a user's
	rests bool   // trying again soon would be in vain
	cause error
}

// reasons are all that a failure can be for.
var reasons = []string{
	"unreachable", // no connection, or it broke, or was too slow
	"refused",     // 401: these credentials are not good here
	"unsupported", // there is nothing of the kind: 403, 404, 405, 501, no getctag
	"redirect",    // to somewhere else
	"status",      // any other HTTP status
	"malformed",   // not what RFC 4918 says
	"oversize",    // more than we take
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

// failureOf is the failure that an error is. What is none is the network's.
func failureOf(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err // without the URL, in which there is the user's name
	}
	return &failure{why: "unreachable", what: "no answer from the DAV server", cause: err}
}

// refusal is the failure that an HTTP status is; nil for the one that is an answer.
func refusal(status int) error {
	f := &failure{what: fmt.Sprintf("the DAV server answers %d", status)}
	switch {
	case status == http.StatusMultiStatus:
		return nil
	case status == http.StatusUnauthorized:
		f.why = "refused"
	case status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented:
		f.why, f.rests = "unsupported", true
		f.what += ": check wake.dav.url, and that the server offers calendars and address books there (docs/wake-dav.md)"
	case status/100 == 3: // not followed: it could lead the credentials anywhere
		f.why, f.rests = "redirect", true
		f.what += ", a redirect: write the address that it leads to in wake.dav.url"
	default:
		f.why = "status"
	}
	return f
}
