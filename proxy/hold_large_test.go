package proxy

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// A Ping that is too large to be read keeps its handler: the body goes up as it comes
// in. Where it never goes up, the handler must end all the same.
func TestQueueLetsGoOfALargePingThatNeverGoesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inMemory(t, after(time.Hour, lab.Answer(nothingNew)), func(c *Config) { c.Hold.MaxWaits = 1 })
		s.call().send(post{cmd: "Ping", body: pingOf("3540", "1")}.raw())
		synctest.Wait()
		large := s.call()
		sent := make(chan error, 1)
		go func() {
			_, err := io.WriteString(large, post{cmd: "Ping", device: "dev2", body: manyFolders(5000)}.raw())
			sent <- err
		}()
		synctest.Wait()
		if up, queued := s.proxy.queue.Len(); up != 1 || queued != 1 {
			t.Errorf("%d waits are at the server and %d queue, want one each", up, queued)
		}
		s.proxy.Drain(0)
		if got := large.reply(); got.code != 503 {
			t.Errorf("the large one got %+v, want 503: the server has never heard of it", got)
		}
		large.Close()
		<-sent // as far as it was read
		s.settled()
	})
}
