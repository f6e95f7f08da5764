package proxy

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// AOSP sends no policy key with its Pings, and Z-Push answers a question without one 449.
func TestAQuestionShowsThePolicyKeyOfTheDevicesOtherCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown []string
		script := func(x *lab.Exchange) error {
			for _, f := range x.Request.Fields {
				if f.Name == "X-MS-PolicyKey" && strings.Contains(x.Request.Target, "Cmd=Ping") {
					shown = append(shown, f.Value)
				}
			}
			return lab.Answer(nothingNew)(x)
		}
		s := inMemory(t, script, func(c *Config) {
			c.Hold = Hold{Edge: true, Check: "ping", Poll: time.Minute}
		})
		phone := s.call()
		phone.ask(post{cmd: "Ping", body: pingOf("60", "1")}) // now it is known
		phone.ask(post{cmd: "Settings", lines: "X-MS-PolicyKey: 4711\r\n"})
		phone.send(post{cmd: "Ping", body: pingOf("480", "1")}.raw())
		synctest.Wait()
		if len(shown) != 1 || shown[0] != "4711" {
			t.Errorf("asked with the policy keys %q, want 4711 once", shown)
		}
		phone.Close()
		s.settled()
	})
}
