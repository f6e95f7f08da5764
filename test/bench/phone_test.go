package bench

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// phone is one client on one TLS connection.
type phone struct {
	device  int
	tcp     *net.TCPConn
	tls     *tls.Conn
	in      *bufio.Reader
	answer  chan answered // of the Ping that waits; nil before the first
	refused atomic.Int64  // requests answered with something like 502, or not at all
}

type answered struct {
	at  int64
	err error
}

// likePhones is the handshake: X25519 for all proxies, because some of them
// would agree with Go on a post-quantum exchange that costs more, and others
// cannot. Pushpin's TLS ends at version 1.2 and P-256.
var likePhones = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12,
	CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}}

// patience is how long a proxy may take for a step before it has failed.
const patience = 2 * time.Minute

func (ph *phone) connect(addr string, deadline time.Time) error {
	// Without keep-alive probes: what comes to the phone is then the proxy's own.
	c, err := (&net.Dialer{KeepAlive: -1, Deadline: deadline}).Dial("tcp", addr)
	if err != nil {
		return err
	}
	ph.tcp, ph.tls = c.(*net.TCPConn), tls.Client(c, likePhones)
	ph.in = bufio.NewReaderSize(ph.tls, 512)
	_ = c.SetDeadline(deadline)
	defer c.SetDeadline(time.Time{})
	return ph.tls.Handshake()
}

// ask sends a Ping and leaves the answer to somebody who waits for it.
func (ph *phone) ask() error {
	ping := request("Ping", ph.device)
	if _, err := ph.tls.Write(ping); err != nil {
		return err
	}
	ph.answer = make(chan answered, 1)
	go ph.listen(ping, ph.tls, ph.in, ph.answer)
	return nil
}

// listen waits for the answer. Who is refused asks again after a second, as
// phones do.
func (ph *phone) listen(ping []byte, out io.Writer, in *bufio.Reader, answer chan<- answered) {
	for {
		err := readAnswer(in)
		at := now()
		if errors.Is(err, errRefused) {
			ph.refused.Add(1)
			time.Sleep(time.Second)
			if _, err = out.Write(ping); err == nil {
				continue
			}
		}
		answer <- answered{at, err}
		return
	}
}

func (ph *phone) waits() bool { return len(ph.answer) == 0 }

// await is the answer of a phone that waits, or that there is none in time.
func (ph *phone) await(late context.Context) answered {
	select {
	case got := <-ph.answer:
		return got
	case <-late.Done():
	}
	select { // it may have been there all the same
	case got := <-ph.answer:
		return got
	default:
		return answered{err: errors.New("no answer")}
	}
}

// converse sends a command and reads its answer. Who is refused, or loses the
// connection, tries again, and it is counted.
func (ph *phone) converse(addr, command string) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		err := ph.exchange(command, deadline)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		ph.refused.Add(1)
		if !errors.Is(err, errRefused) {
			ph.cut()
			if err := ph.connect(addr, deadline); err != nil {
				return err
			}
		}
	}
}

func (ph *phone) exchange(command string, deadline time.Time) error {
	_ = ph.tcp.SetDeadline(deadline)
	defer ph.tcp.SetDeadline(time.Time{})
	if _, err := ph.tls.Write(request(command, ph.device)); err != nil {
		return err
	}
	return readAnswer(ph.in)
}

// comeBack connects and asks, as phones do: again when it fails, a second later.
func (ph *phone) comeBack(addr string) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		err := ph.connect(addr, deadline)
		if err == nil {
			err = ph.ask()
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func (ph *phone) cut() {
	if ph.tcp != nil {
		_ = ph.tcp.SetLinger(0)
		_ = ph.tcp.Close()
	}
}

// segments is how many TCP segments have come to this phone: tcpi_segs_in of
// TCP_INFO, tcp(7). Pure acknowledgements and keep-alive probes count too: each
// of them wakes a phone's radio.
func (ph *phone) segments() (n int64, err error) {
	raw, err := ph.tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	var info *unix.TCPInfo
	controlErr := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	if err := errors.Join(controlErr, err); err != nil {
		return 0, err
	}
	return int64(info.Segs_in), nil
}
