package proxy

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

func TestLawBounded(t *testing.T) {
	t.Run("devices", func(t *testing.T) {
		defer func(c watch.Config) { Remembered = c }(Remembered)
		Remembered = watch.Config{Devices: 10, Bytes: 1 << 20}
		s := onSockets(t, lab.Answer(nothingNew))
		phone := s.call()
		for i := range 100 {
			phone.ask(post{cmd: "Ping", device: fmt.Sprint("d", i), body: pingOf("480", "1")})
		}
		if n := s.proxy.memory.Len(); n != 10 {
			t.Errorf("%d devices are remembered, want 10", n)
		}
		if known, gone := s.count("diastole_devices_known"), s.count("diastole_devices_forgotten_total"); known != 10 || gone != 90 {
			t.Errorf("the metrics say %v known, %v forgotten", known, gone)
		}
		// Stated behaviour: the one that was silent for longest is forgotten, and
		// relayed without a known interval.
		phone.ask(post{cmd: "Ping", device: "d99"})
		s.wantBegun("empty", 480, 1)
		wantReply(t, phone.ask(post{cmd: "Ping", device: "d0"}), 200, pingSays(1))
		s.wantBegun("empty", 0, 0)
	})
	t.Run("what one device makes us remember", func(t *testing.T) {
		s := onSockets(t, lab.Answer(quietSync))
		phone := s.call()
		for i := range 20 {
			r := eas.SyncRequest{Wait: -1, Interval: -1}
			for n := range 300 {
				r.Collections = append(r.Collections, eas.SyncCollection{ID: fmt.Sprintf("%0100d-%d", n, i), SyncKey: strings.Repeat("k", 100), FilterType: -1, GetChanges: true})
			}
			phone.ask(post{cmd: "Sync", body: r.Append(nil, "14.1")})
		}
		s.settled()
		known := 0
		for i := range 20 {
			for n := range 300 {
				if _, ok := s.proxy.memory.Collection(dev1, fmt.Sprintf("%0100d-%d", n, i)); ok {
					known++
				}
			}
		}
		if known != 500 {
			t.Errorf("%d folders of one device are remembered, want 500", known)
		}
	})
	t.Run("names that serve no device", func(t *testing.T) {
		s := onSockets(t, lab.Answer(nothingNew))
		long := strings.Repeat("x", 300)
		for _, p := range []post{
			{cmd: "Ping", user: long, body: pingOf("480")},
			{cmd: "Ping", device: long, body: pingOf("480")},
			{query: "Cmd=Ping&DeviceId=dev1&DeviceType=" + long, body: pingOf("480")},
			{cmd: "Ping", body: pingOf("480"), lines: "User-Agent: " + long + "\r\n", device: "validate"},
		} {
			wantReply(t, s.ask(p), 200, pingSays(1))
		}
		if s.proxy.memory.Len() != 0 {
			t.Error("they are remembered")
		}
		for _, line := range s.log.All() {
			for key, value := range line.ContextMap() {
				if text, ok := value.(string); ok && len(text) > 256 {
					t.Errorf("%s of %d bytes is logged", key, len(text))
				}
			}
		}
	})
	t.Run("series of the metrics", func(t *testing.T) {
		s := onSockets(t, lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
		series := func() (n int) {
			families, _ := s.registry.Gather()
			for _, f := range families {
				n += len(f.GetMetric())
			}
			return n
		}
		invent := func(i int) {
			phone := s.call()
			defer phone.Close()
			phone.send(fmt.Sprintf("METHOD%d /Microsoft-Server-ActiveSync?Cmd=Ping HTTP/1.1\r\nHost: h\r\n\r\n", i))
			phone.reply()
			phone.send(fmt.Sprintf("METHOD%d /other HTTP/1.1\r\nHost: h\r\n\r\n", i))
			phone.reply()
			name := fmt.Sprint("n", i)
			phone.ask(post{cmd: name})
			phone.ask(post{query: "Cmd=Ping&Device" + name, user: name})
			phone.ask(post{cmd: "Ping", device: name, user: name, lines: "MS-ASProtocolVersion: " + name + "\r\n", body: []byte(name)})
		}
		invent(0)
		before := series()
		for i := range 30 {
			invent(i)
		}
		if grown := series() - before; grown != 0 {
			t.Errorf("%d more series after 30 invented names", grown)
		}
	})
	t.Run("the series of a command are its own", func(t *testing.T) {
		s := onSockets(t, lab.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
		phone := s.call()
		phone.send("OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1\r\nHost: h\r\n\r\n")
		phone.reply()
		phone.ask(post{cmd: "folderSYNC"})
		s.settled()
		for _, command := range []string{"OPTIONS", "FolderSync"} {
			if n := s.count("diastole_requests_total", "command", command, "code", "200"); n != 1 {
				t.Errorf("%s counted %v times: %+v", command, n, s.series("diastole_requests_total"))
			}
		}
		s.wantUnread()
	})
}

// 32 MiB go each way while the heap stays where it is.
func TestLawBoundedIsTheMemoryOfABody(t *testing.T) {
	const size, room = 32 << 20, 6 << 20
	head := fmt.Sprintf("Content-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %d\r\n\r\n", size)
	answer := func(x *lab.Exchange) error {
		if _, err := io.Copy(io.Discard, x.Raw()); err != nil {
			return err
		}
		return io.EOF
	}
	for _, cmd := range []string{"Ping", "Sync", "SendMail"} {
		t.Run(cmd+" going up", func(t *testing.T) {
			s := onSockets(t, answer)
			phone := s.call()
			phone.send("POST /Microsoft-Server-ActiveSync?Cmd=" + cmd + "&DeviceId=d&DeviceType=t HTTP/1.1\r\nHost: h\r\n" + head)
			if most := mostHeap(t, func() error { _, err := io.CopyN(phone, &endless{}, size); return err }); most > room {
				t.Errorf("%d bytes more on the heap", most)
			}
		})
	}
	for _, c := range []struct{ name, body string }{{"Sync", string(largeSync(100))}, {"hanging Sync", string(syncOf("1").Append(nil, "14.1"))}, {"Ping", string(pingOf("480"))}} {
		t.Run(c.name+" coming down", func(t *testing.T) {
			s := onSockets(t, func(x *lab.Exchange) error {
				if err := x.ReadBody(); err != nil {
					return err
				}
				if err := x.Send("HTTP/1.1 200 OK\r\n" + head); err != nil {
					return err
				}
				_, err := io.CopyN(x.Conn, &endless{}, size)
				return err
			})
			phone := s.call()
			cmd := strings.TrimPrefix(c.name, "hanging ")
			phone.send(post{cmd: cmd, body: []byte(c.body)}.raw())
			if most := mostHeap(t, func() error { _, err := io.CopyN(io.Discard, phone, size); return err }); most > room {
				t.Errorf("%d bytes more on the heap", most)
			}
		})
	}
}

// endless is a Sync document that never ends: one item with a body of any length.
type endless struct{ begun bool }

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	if !e.begun {
		e.begun = true
		n = copy(p, "\x03\x01\x6a\x00\x45\x5c\x4f\x56\x47\x5d\x00\x11\x4a\x4b\x03")
	}
	for i := n; i < len(p); i++ {
		p[i] = 'x'
	}
	return len(p), nil
}

// mostHeap is by how much the heap grew at most while work was done. What is
// live is asked for, so that it does not matter when the collector runs.
func mostHeap(t *testing.T, work func() error) int64 {
	t.Helper()
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, most := live(), int64(0)
	done := make(chan error, 1)
	go func() { done <- work() }()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return max(most, live()-before)
		case <-look.C:
			most = max(most, live()-before)
		}
	}
}
