package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A roamer is a phone on the move: every few seconds it is in another network and
// asks the same Ping there, on a new connection from another address.
type roamer struct {
	number  int
	address string // of the door, host:port
	tls     *tls.Config
	request []byte // the whole Ping, as it goes over the wire
	left    []net.Conn
	journey *journey
}

// A journey is what all roamers of one run have seen.
type journey struct {
	mu       sync.Mutex
	asked    int
	answers  map[string]int // by what they said
	answered map[int]bool   // roamers that got one
	broken   []error
}

// roamer makes a phone roam that has done what a new device does.
func (p *phone) roamer(t *testing.T, number int, d door, seconds string, j *journey) *roamer {
	t.Helper()
	to, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	body := p.pingRequest(seconds).encode()
	r, err := http.NewRequestWithContext(t.Context(), "POST", d.url+activeSync+"?"+p.query("Ping").Encode(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", wbxmlType)
	r.Header.Set("MS-ASProtocolVersion", "14.1")
	r.SetBasicAuth(p.user, p.password)
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	roaming := &roamer{number: number, address: to.Host, request: wire.Bytes(), journey: j}
	if d.roots != nil {
		roaming.tls = &tls.Config{RootCAs: d.roots, ServerName: "127.0.0.1"}
	}
	return roaming
}

// roam lives until ctx ends. It leaves every second connection with a FIN and the
// others without a word, as a phone does that has walked out of the house: nobody
// closes them, and what is written to them is acknowledged and never read.
func (r *roamer) roam(ctx context.Context, every time.Duration) {
	for n := 0; ctx.Err() == nil; n++ {
		conn, err := r.dial(ctx, n)
		if err != nil {
			r.journey.failed(ctx, err)
			return
		}
		r.stay(ctx, conn, time.Now().Add(every))
		if (n/2+r.number)%2 == 0 { // in both networks
			conn.Close()
		} else {
			r.left = append(r.left, conn)
		}
	}
	for _, conn := range r.left {
		conn.Close()
	}
}

// dial connects from the n-th network: 127.1.0.0/16 at home, 127.2.0.0/16 abroad.
func (r *roamer) dial(ctx context.Context, n int) (net.Conn, error) {
	from := &net.TCPAddr{IP: net.IPv4(127, byte(1+n%2), 0, byte(1+r.number))}
	conn, err := (&net.Dialer{LocalAddr: from, KeepAlive: -1}).DialContext(ctx, "tcp", r.address)
	if err != nil || r.tls == nil {
		return conn, err
	}
	secure := tls.Client(conn, r.tls)
	return secure, secure.HandshakeContext(ctx)
}

// stay waits on one connection, and after an answer again, until the phone moves on.
func (r *roamer) stay(ctx context.Context, conn net.Conn, until time.Time) {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	defer stop()
	conn.SetDeadline(until)
	in := bufio.NewReader(conn)
	for {
		r.journey.asks()
		_, err := conn.Write(r.request)
		if err == nil {
			err = r.answer(in)
		}
		if err != nil {
			r.journey.failed(ctx, err)
			return
		}
	}
}

// answer reads one answer.
func (r *roamer) answer(in *bufio.Reader) error {
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	said := "HTTP " + strconv.Itoa(resp.StatusCode)
	if resp.StatusCode == http.StatusOK {
		doc, err := decode(body)
		if err != nil {
			return err
		}
		said = "Status " + doc.get("Ping:Status")
	}
	r.journey.hears(r.number, said)
	if resp.StatusCode != http.StatusOK {
		return errUnwelcome
	}
	return nil
}

// errUnwelcome ends the stay of a phone that gets an error page: it is patient enough
// to try again only in the next network.
var errUnwelcome = errors.New("an error page")

func (j *journey) asks() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.asked++
}

func (j *journey) hears(number int, said string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.answers[said]++
	j.answered[number] = true
}

// failed notes a connection that ended otherwise than by the phone's moving on.
func (j *journey) failed(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errUnwelcome) {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.broken = append(j.broken, err)
}
