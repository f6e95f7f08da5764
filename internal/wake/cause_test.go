package wake

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

func TestACauseSaysNothingThatTheServerHasSent(t *testing.T) {
	for name, sent := range map[string]string{
		"no HTTP":               "* OK anna, IMAP here\r\n",
		"a strange status":      "HTTP/1.1 anna\r\n\r\n",
		"a line without a name": "HTTP/1.1 200 OK\r\nNotice: 1\r\nUndefined user anna\r\n\r\n",
		"a strange length":      "HTTP/1.1 200 OK\r\nContent-Length: anna\r\n\r\n",
		"a strange place":       "HTTP/1.1 302 Found\r\nLocation: http://[anna\r\nContent-Length: 0\r\n\r\n",
	} {
		pipe := lab.NewPipe()
		go func() {
			conn, err := pipe.Accept()
			if err != nil {
				return
			}
			go io.Copy(io.Discard, conn)
			io.WriteString(conn, sent)
			conn.Close()
		}()
		client := &http.Client{Transport: &http.Transport{DialContext: pipe.Dial, DisableKeepAlives: true}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://dav.test/SOGo/dav/anna/", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Do(r)
		of := new(url.Error)
		if !errors.As(err, &of) {
			t.Fatalf("%s: %v", name, err)
		}
		if said := Cause(of.Err); said == "" || strings.Contains(said, "anna") {
			t.Errorf("%s: %q of %v", name, said, of.Err)
		}
		pipe.Close()
	}
}

func TestACauseOfTheNetworkIsSaidInFull(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, Err: errors.New("connect: connection refused")}
	for err, want := range map[error]string{
		refused:                  "dial tcp 127.0.0.1:1: connect: connection refused",
		context.DeadlineExceeded: "context deadline exceeded",
	} {
		if got := Cause(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
