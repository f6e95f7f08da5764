package doctor

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// overheard is a line whose other end is in the test's hands.
func overheard(t *testing.T) (*line, net.Conn) {
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	return &line{Conn: here, bare: here, read: bufio.NewReader(here)}, there
}

// An old proxy names no length: the body lasts until it closes (RFC 1945 7.2.2).
func TestAnAnswerOfHTTP10EndsWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, there := overheard(t)
		go func() {
			fmt.Fprint(there, "HTTP/1.0 504 Gateway Time-out\r\nVia: 1.0 oldbox\r\n\r\ntoo late")
			there.Close()
		}()
		got, err := l.answer(nil, time.Now().Add(time.Minute))
		if err != nil || string(got.body) != "too late" {
			t.Fatalf("%v, %q", err, got.body)
		}
		var h Hold
		h.answered(got, nil)
		if h.End != endHTTP || h.HTTP != 504 || h.By != "via 1.0 oldbox" {
			t.Errorf("%+v", h)
		}
	})
}

// An interim answer (RFC 9110 15.2) is not the wait's end, and silence behind it is silence.
func TestAnInterimAnswerIsNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, there := overheard(t)
		go fmt.Fprint(there, "HTTP/1.1 102 Processing\r\n\r\n")
		_, err := l.answer(nil, time.Now().Add(time.Minute))
		var h Hold
		if h.ended(t.Context(), err); h.End != endSilent {
			t.Errorf("%v: %+v", err, h)
		}
	})
}

// What a wait ends with when the network below it fails says nothing of time-outs.
func TestAFailureOfTheNetworkIsNoEndOfAWait(t *testing.T) {
	for err, end := range map[error]End{
		&net.OpError{Op: "read", Err: errors.New("no route to host")}: endFailed,
		io.ErrUnexpectedEOF:                   endClosed,
		errors.New("malformed HTTP response"): endStrange,
	} {
		var h Hold
		if h.ended(t.Context(), err); h.End != end {
			t.Errorf("%v: %+v, want %s", err, h, end)
		}
	}
}
