package proxy

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// A server that is out of workers says nothing, also to a wrong password. That we end
// such a wait ourselves must not make its device one that is known.
func TestAWaitThatWeEndOurselvesMakesNobodyKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, after(time.Hour, lab.Answer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")))
		p := post{cmd: "Ping", device: "stolen", body: pingOf("60", "1")}
		wantReply(t, s.ask(p), 200, pingSays(1)) // an hour would be late
		s.wantOutcomes("ping expired")
		if n := s.proxy.config.Devices.Len(); n != 0 {
			t.Errorf("%d devices are followed", n)
		}
		if n := s.proxy.memory.Len(); n != 0 {
			t.Errorf("%d devices are remembered", n)
		}
	})
}

// Whoever knows a device's name but not its password must not find out what it asked
// last by leaving it out: not whether, and not when, he is answered by us.
func TestAStrangerDoesNotFindOutWhatADeviceAskedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, lab.Answer(document(pingSays(2))))
		wantReply(t, s.ask(post{cmd: "Ping", body: pingOf("480", "1")}), 200, pingSays(2))
		s.up.SetScript(after(2*time.Hour, lab.Answer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")))
		stranger := s.call()
		stranger.send(strings.Replace(post{cmd: "Ping"}.raw(), basic("anna", "secret"), basic("anna", "guessed"), 1))
		began := time.Now()
		if got := stranger.reply(); got.code != 401 || time.Since(began) != 2*time.Hour {
			t.Errorf("got %+v after %v, want the server's 401 in its time", got, time.Since(began))
		}
	})
}
