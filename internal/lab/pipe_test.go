package lab

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// ends are both ends of a new connection.
func ends(t *testing.T) (near, far net.Conn) {
	t.Helper()
	p := NewPipe()
	near, err := p.Dial(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	far, err = p.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

func TestAPipeCarriesMoreThanItsBufferAndHalfCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := ends(t)
		sent := bytes.Repeat([]byte("0123456789"), 50_000)
		go func() {
			near.Write(sent)
			near.(*pipeConn).CloseWrite()
		}()
		got, err := io.ReadAll(far)
		if err != nil || !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		far.Write([]byte("answer"))
		far.Close()
		if got, err := io.ReadAll(near); err != nil || string(got) != "answer" {
			t.Errorf("after half-close: %q, %v", got, err)
		}
	})
}

func TestAPipeEndsLikeTCP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := ends(t)
		far.Write([]byte("lost"))
		far.(*pipeConn).SetLinger(0)
		far.Close()
		if _, err := near.Read(make([]byte, 9)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("after RST: %v", err)
		}
		near, far = ends(t)
		far.Close()
		if _, err := near.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("write to a closed peer: %v", err)
		}
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read on a closed end: %v", err)
		}
	})
}

func TestAPipeKeepsDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _ := ends(t)
		start := time.Now()
		near.SetReadDeadline(start.Add(time.Minute))
		near.SetReadDeadline(start.Add(time.Hour)) // replaces the first
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("read ended with %v after %v", err, time.Since(start))
		}
		near.SetWriteDeadline(time.Now().Add(time.Minute))
		if n, err := near.Write(make([]byte, streamBuffer+1)); n != streamBuffer || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d, %v", n, err)
		}
		near.SetDeadline(time.Time{})
		near.SetReadDeadline(time.Now().Add(-1))
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("deadline in the past: %v", err)
		}
	})
}

func TestAClosedPipeRefuses(t *testing.T) {
	p := NewPipe()
	p.Close()
	if _, err := p.Dial(context.Background(), "", ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
	if _, err := p.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
