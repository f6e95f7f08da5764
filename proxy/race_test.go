package proxy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// Made once: packing them takes longer than everything else here.
var (
	muchMail  = packed(largeAnswer("1", "2", 300<<10))
	oneFolder = document((&eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: "1", SyncKey: "2", Status: 1}}}).Append(nil))
	manyKeys  = largeSync(70 << 10)
)

// anyAnswer does what comes to the mind of a server under load.
func anyAnswer(x *lab.Exchange) error {
	if err := x.ReadBody(); err != nil {
		return err
	}
	if x.Request.Get("X-Patience") == "none" && rand.IntN(2) == 0 { // held until the phone leaves
		_, err := x.Conn.Read(make([]byte, 1))
		return err
	}
	ping := strings.Contains(x.Request.Target, "Cmd=Ping")
	switch rand.IntN(10) {
	case 0:
		return io.EOF
	case 1:
		x.Reset()
		return io.EOF
	case 2:
		return cutAfter(docHead + "Content-Length: 99\r\n\r\n\x03")(x)
	case 3:
		return x.Send("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
	case 4:
		return x.Send("HTTP/1.1 102 Processing\r\n\r\n", muchMail)
	}
	if ping {
		return x.Send(nothingNew)
	}
	return x.Send(oneFolder)
}

// 200 devices ask, wait, and leave as they like. Nothing is left behind, nobody
// gets what is not his, and each wait that began has ended once.
func TestRace200DevicesComeAndGo(t *testing.T) {
	// Other tests' leftovers are theirs.
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("", func(t *testing.T) { // its cleanup is over when the goroutines are counted
		s := onSockets(t, anyAnswer)
		everybodyComesAndGoes(s, 200, func(int) {})
		if began, ended := s.log.FilterMessage("wait begins").Len(), int(s.count("diastole_waits_total")); began == 0 || began != ended {
			t.Errorf("%d waits have begun, %d have ended", began, ended)
		}
		if held := s.count("diastole_waits_held"); held != 0 {
			t.Errorf("%v waits are held", held)
		}
		s.wantQuiet()
	})
}

// each is how many connections a device makes, one after the other.
const each = 3

// everybodyComesAndGoes returns when all connections have come and gone.
func everybodyComesAndGoes(s *stage, devices int, begun func(int)) {
	var phones sync.WaitGroup
	for i := range devices {
		phones.Go(func() {
			for range each {
				comeAndGo(s, fmt.Sprint("d", i))
			}
		})
		begun(i)
	}
	phones.Wait()
	s.conns.wait(func(total, now int) bool { return total == devices*each && now == 0 })
}

func comeAndGo(s *stage, device string) {
	c, err := s.dial()
	if err != nil {
		s.Error(err)
		return
	}
	defer c.Close()
	p := []post{
		{cmd: "Ping", device: device, body: pingOf("1", "1")}, {cmd: "Ping", device: device}, {cmd: "Sync", device: device},
		{cmd: "Sync", device: device, body: syncOf("1").Append(nil, "14.1")}, {cmd: "Sync", device: device, body: manyKeys}, {cmd: "SendMail", device: device, body: []byte("mail")},
	}[rand.IntN(6)]
	// A Ping of unknown length that breaks is answered up to 10 s later.
	patient := rand.IntN(2) == 0 && len(p.body) > 0
	if !patient {
		// Another question: a patient phone would inherit what only ends when this one leaves.
		p.lines = "X-Patience: none\r\nX-MS-PolicyKey: 2\r\n"
	}
	_, err = io.WriteString(c, p.raw())
	switch {
	case err == nil && patient:
		_, _ = c.Read(make([]byte, 1+rand.IntN(200))) // some of the answer, if there is one
	case rand.IntN(2) == 0:
		_ = c.(*net.TCPConn).SetLinger(0)
	}
}

func TestRaceDrainWhileDevicesComeAndGo(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("", func(t *testing.T) {
		s := onSockets(t, anyAnswer)
		everybodyComesAndGoes(s, 100, func(i int) {
			if i == 50 {
				s.proxy.Drain(0)
			}
		})
		if began, ended := s.log.FilterMessage("wait begins").Len(), int(s.count("diastole_waits_total")); began != ended {
			t.Errorf("%d waits have begun, %d have ended", began, ended)
		}
	})
}
