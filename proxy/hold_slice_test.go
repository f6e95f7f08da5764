package proxy

import (
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// slicer is a server that holds each wait for as long as it asks, refuses what is too
// short for it, and says something else once.
type slicer struct {
	floor time.Duration
	nth   int        // of its waits
	says  lab.Script // the answer to that one

	mu     sync.Mutex
	pieces []piece
}

// piece is one upstream wait.
type piece struct {
	at    time.Time
	asked time.Duration
	body  string
	ended time.Time // zero where nobody waited for its end
}

func (d *slicer) script(x *lab.Exchange) error {
	if err := x.ReadBody(); err != nil {
		return err
	}
	if !hangs(x.Request) {
		return x.Send(oneFolder)
	}
	asked := askedFor(x.Request)
	d.mu.Lock()
	d.pieces = append(d.pieces, piece{at: time.Now(), asked: asked, body: string(x.Request.Body)})
	n := len(d.pieces)
	d.mu.Unlock()
	switch {
	case n == d.nth:
		return d.says(x)
	case asked < d.floor:
		return x.Send(document(eas.PingResponse{Status: eas.PingInterval, Interval: int(d.floor / time.Second)}.Append(nil)))
	}
	return d.hold(x, asked, n)
}

// hold returns early if the proxy lets go.
func (d *slicer) hold(x *lab.Exchange, asked time.Duration, n int) error {
	_ = x.Conn.SetReadDeadline(time.Now().Add(asked))
	if _, err := x.Conn.Read(make([]byte, 1)); err == io.EOF {
		return err
	}
	_ = x.Conn.SetReadDeadline(time.Time{})
	d.mu.Lock()
	d.pieces[n-1].ended = time.Now()
	d.mu.Unlock()
	if parameter(x.Request, "Cmd") == "Sync" {
		return x.Send(quietSync)
	}
	return x.Send(nothingNew)
}

func (d *slicer) seen() []piece {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]piece(nil), d.pieces...)
}

// askedFor is the interval of a wait's body; an empty one's is not known here.
func askedFor(r *lab.Recorded) time.Duration {
	if parameter(r, "Cmd") == "Sync" {
		sync, _ := eas.ParseSyncRequest(r.Body)
		return sync.Hold()
	}
	var ping eas.PingRequest
	if ping.Parse(r.Body) != nil || !ping.HasInterval {
		return time.Hour
	}
	return time.Duration(ping.Interval) * time.Second
}

const slice = 50 * time.Second

// inSlices runs a test with a server that the proxy asks in slices.
func inSlices(t *testing.T, d *slicer, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t, func(c *Config) { c.Hold.Slice = slice })
		w.stage.up.SetScript(d.script)
		w.accepted(wants{})
		test(w)
	})
}

func TestSliceCutsAWaitIntoPieces(t *testing.T) {
	for name, asked := range map[string]wants{
		"a whole number of them":     {interval: "900"},
		"a short piece at the end":   {interval: "480"},
		"one second at the end":      {interval: "301"},
		"an hour":                    {interval: "3540"},
		"hanging Sync":               {cmd: "Hang", interval: "900"},
		"hanging Sync, a short rest": {cmd: "Hang", interval: "480"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &slicer{}
			inSlices(t, d, func(w *world) {
				interval := seconds(asked.interval)
				phone := w.asks(asked)
				phone.hearsNothing(interval - time.Second)
				time.Sleep(time.Second)
				phone.released()
				synctest.Wait()
				d.wantBackToBack(w, asked, interval)
				kind := map[string]string{"Ping": "ping", "Hang": "sync"}[asked.filled().cmd]
				w.wantOutcomes(kind + " expired")
			})
		})
	}
}

// wantBackToBack: pieces no longer than a slice, one after the other, equal but for
// their interval, until the whole is over.
func (d *slicer) wantBackToBack(w *world, asked wants, whole time.Duration) {
	w.Helper()
	pieces := d.seen()
	if fewest := int(whole / slice); len(pieces) < fewest || len(pieces) > fewest+1 {
		w.Errorf("%d pieces went up, want %d or one more", len(pieces), fewest)
	}
	for i, p := range pieces {
		if p.asked > slice || p.asked <= 0 {
			w.Errorf("piece %d asks for %v", i+1, p.asked)
		}
		like := asked
		like.interval = fmt.Sprint(int(p.asked / time.Second))
		if p.body != string(like.filled().body()) {
			w.Errorf("piece %d went up as %q", i+1, p.body)
		}
		if i == 0 {
			continue
		}
		if gap := p.at.Sub(pieces[i-1].ended); gap < 0 || gap > atOnce {
			w.Errorf("piece %d began %v after the one before had ended", i+1, gap)
		}
	}
}

func TestSliceOfAShortWaitIsTheWait(t *testing.T) {
	for _, interval := range []string{"10", "50"} {
		d := &slicer{}
		inSlices(t, d, func(w *world) {
			phone := w.asks(wants{interval: interval})
			phone.hearsNothing(seconds(interval) - time.Millisecond)
			time.Sleep(time.Millisecond)
			phone.released()
			if pieces := d.seen(); len(pieces) != 1 || pieces[0].body != string(pingOf(interval, "1", "2")) {
				w.Errorf("%d pieces went up: %+v", len(pieces), pieces)
			}
		})
	}
}

// What the server says in a later piece is said to the phone, byte for byte.
func TestSliceAnswersInTheServersWords(t *testing.T) {
	mail := string(eas.PingResponse{Status: eas.PingChanges, Folders: []string{"2"}}.Append(nil))
	items := bodyOf(oneFolder)
	for name, c := range map[string]struct {
		asked  wants
		answer string
		code   int
		body   string
	}{
		"mail":         {wants{interval: "900"}, document(mail), 200, mail},
		"Status 7":     {wants{interval: "900"}, document(pingSays(7)), 200, pingSays(7)},
		"401":          {wants{interval: "900"}, refused, 401, ""},
		"503":          {wants{interval: "900"}, "HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Length: 4\r\n\r\nbusy", 503, "busy"},
		"items":        {wants{cmd: "Hang", interval: "900"}, oneFolder, 200, items},
		"Sync, status": {wants{cmd: "Hang", interval: "900"}, document((&eas.SyncResponse{Status: 12}).Append(nil)), 200, string((&eas.SyncResponse{Status: 12}).Append(nil))},
	} {
		t.Run(name, func(t *testing.T) {
			d := &slicer{nth: 7, says: after(20*time.Second, lab.Answer(c.answer))}
			inSlices(t, d, func(w *world) {
				phone := w.asks(c.asked)
				phone.hearsNothing(6*slice + 20*time.Second - time.Millisecond)
				time.Sleep(time.Second)
				got := phone.reply()
				wantReply(w.T, got, c.code, c.body)
				if len(d.seen()) != 7 {
					w.Errorf("%d pieces went up", len(d.seen()))
				}
			})
		})
	}
}
