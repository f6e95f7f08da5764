package proxy

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/check"
	"github.com/diastole/diastole/wbxml/eas"
)

// A server that speaks of news for ever, and a phone that comes for it each time, drive
// each other on (Horde ac88b9d, Z-Push 2c0bf84). It is slowed, and what is really new
// comes all the same.
func TestScenario20NewsThatNoSyncBrings(t *testing.T) {
	inTwoModes(t, func(w *edgeWorld) {
		end := w.lies(eas.PingResponse{Status: eas.PingChanges, Folders: []string{"5"}}, 1)
		w.drivesOn(2)
		end()
		w.isCalm()
	})
}

// The same with folders that are to be read anew, and are as they were (Horde 64446e9).
func TestScenario21FoldersThatAreAlwaysToBeReadAnew(t *testing.T) {
	inTwoModes(t, func(w *edgeWorld) {
		end := w.lies(eas.PingResponse{Status: eas.PingHierarchyChanged}, 2)
		w.drivesOn(7)
		end()
		w.isCalm()
	})
}

// inTwoModes runs a test with waits at the server, and with waits at the edge.
func inTwoModes(t *testing.T, test func(w *edgeWorld)) {
	t.Run("pass", func(t *testing.T) {
		inEdgeWorld(t, test, func(c *Config) { c.Hold = Hold{} })
	})
	t.Run("edge", func(t *testing.T) { inEdgeWorld(t, test) })
}

// lies lets the server answer each of Anna's Pings so, and each question with that
// status, or with an estimate of one for her inbox.
func (w *edgeWorld) lies(ping eas.PingResponse, status eas.EstimateStatus) (end func()) {
	estimate := eas.EstimateResponse{}
	for _, id := range []string{"1", "2", "5"} {
		answer := eas.EstimateAnswer{Status: eas.EstimateSuccess, ID: id}
		if id == "5" {
			answer.Estimate = 1
			answer.Status = status
		}
		estimate.Answers = append(estimate.Answers, answer)
	}
	ends := []func(){}
	for command, body := range map[string][]byte{"Ping": ping.Append(nil), "GetItemEstimate": estimate.Append(nil)} {
		of := func(r *lab.Request) bool { return r.User == "anna" }
		ends = append(ends, w.server.Inject(lab.Fault{Match: lab.All(lab.On(command), of), Kind: lab.FaultHTTP, Code: 200,
			Header: http.Header{"Content-Type": {wbxmlType}}, Body: string(body)}))
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// drivesOn sees Anna's phone told the same again and again, slowly, and Bert's left
// alone.
func (w *edgeWorld) drivesOn(status int) {
	w.Helper()
	anna, bert := w.phone("anna", "secret").live(), w.phone("bert", "hidden").live()
	w.passes(10 * time.Minute)
	told := anna.saw()
	if n := len(told); n < 15 || n > 40 {
		w.Errorf("in ten minutes the phone was told %d times, want some twenty", n)
	}
	for _, s := range told {
		if s != status {
			w.Errorf("the phone was told %v, want nothing but %d", told, status)
			break
		}
	}
	for range 3 {
		before := anna.got()
		w.deliver("anna")
		w.bell.ring("anna")
		w.passes(mostHeld + time.Second)
		if anna.got() == before {
			w.Errorf("a mail has not come within %v", mostHeld)
		}
	}
	if got := bert.saw(); len(got) != 0 {
		w.Errorf("Bert's phone was told %v", got)
	}
}

// isCalm: when the server has come to its senses, the next waits are like any.
func (w *edgeWorld) isCalm() {
	w.Helper()
	w.passes(mostHeld + time.Second)
	before := w.count("Sync") + w.count("FolderSync")
	w.passes(4 * time.Minute)
	if n := w.count("Sync") + w.count("FolderSync") - before; n != 0 {
		w.Errorf("phones have come %d times while nothing was new", n)
	}
}

// What the server refuses is refused, with its own words, at once, and not asked for a
// second time: after some failures accounts are locked (Zimbra 8ea72fa).
func TestScenario25RefusalsAtTheEdge(t *testing.T) {
	for _, c := range []struct {
		code int
		more http.Header
		asks int // how often the server is asked until the phone knows
	}{
		{401, http.Header{"WWW-Authenticate": {`Basic realm="x"`}}, 1},
		{403, nil, 1},
		// The question may be refused for what a Ping is not asked for: the key of a policy.
		{449, nil, 2},
		{451, http.Header{"X-MS-Location": {"https://other.example.test/Microsoft-Server-ActiveSync"}}, 1},
		{503, http.Header{"Retry-After": {"312"}, "X-MS-ASThrottle": {"CommandFrequency"}}, 1},
	} {
		for _, body := range []string{"", signIn} {
			for _, kind := range []string{"Ping", "Sync"} {
				t.Run(fmt.Sprintf("%d/%s/%d bytes", c.code, kind, len(body)), func(t *testing.T) {
					refused := lab.Fault{Kind: lab.FaultHTTP, Code: c.code, Header: c.more, Body: body}
					for name, stage := range refusalStages {
						t.Run(name, func(t *testing.T) { inEdgeWorld(t, func(w *edgeWorld) { w.refuses(kind, refused, c.asks, stage) }) })
					}
				})
			}
		}
	}
}

// refusalStages are when the refusal comes.
var refusalStages = map[string]struct {
	first  *lab.Fault    // what becomes of the first question; nil: nothing is new
	after  time.Duration // it is held for so long then
	handed bool          // by then it is the server that holds it
}{
	"as the first answer":            {},
	"while it is held":               {after: 4 * time.Minute},
	"when it was left to the server": {first: &lab.Fault{Kind: lab.FaultStatus, Code: 110}, after: 4 * time.Minute, handed: true},
}

// refuses sees one wait refused.
func (w *edgeWorld) refuses(kind string, refused lab.Fault, asks int, stage struct {
	first  *lab.Fault
	after  time.Duration
	handed bool
}) {
	w.Helper()
	wait := w.waitOf(w.synced("anna", "secret", "14.1"), kind, "14.1")
	if stage.first != nil {
		stage.first.Match, stage.first.Times = lab.On("GetItemEstimate"), 1
		w.server.Inject(*stage.first)
	}
	refused.Match = func(r *lab.Request) bool { return r.Command != "" }
	if stage.handed {
		refused.After, asks = stage.after, 1
		refused.Match = lab.On(kind)
	}
	if stage.handed || stage.after == 0 {
		w.server.Inject(refused)
	}
	before := len(w.asked)
	got := w.answerTo(wait)
	if stage.handed {
		before++ // the first question
	}
	if stage.after > 0 {
		w.passes(stage.after)
		if !stage.handed {
			before = len(w.asked)
			w.server.Inject(refused)
			w.bell.ring("anna")
		}
	}
	synctest.Wait()
	select {
	case answer := <-got:
		wantReply(w.T, answer, refused.Code, refused.Body)
		for name, values := range refused.Header {
			if answer.header.Get(name) != values[0] {
				w.Errorf("%s: %q, want %q", name, answer.header.Get(name), values[0])
			}
		}
	default:
		w.Fatal("the phone has not been told")
	}
	w.passes(time.Hour) // nobody asks once more
	if n := len(w.asked) - before; n != asks {
		w.Errorf("the server was asked %d times, want %d: %v", n, asks, w.asked[before:])
	}
	if n := w.bell.listeners(); n != 0 {
		w.Errorf("%d still listen", n)
	}
}

// synced is a phone that has its folders and mail, and waits when it is told to.
func (w *edgeWorld) synced(user, password, version string) *ringer {
	w.Helper()
	phone := w.phone(user, password, func(c *lab.PhoneConfig) { c.Version = version })
	ctx := context.Background()
	if err := phone.FolderSync(ctx); err != nil {
		w.Fatal(err)
	}
	if err := phone.Sync(ctx, "1", "5"); err != nil {
		w.Fatal(err)
	}
	phone.Close()
	return phone
}

// waitOf is a wait of a phone as it goes over the wire, for 15 min.
func (w *edgeWorld) waitOf(phone *ringer, kind, version string, lines ...string) post {
	p := post{cmd: kind, lines: "MS-ASProtocolVersion: " + version + "\r\n"}
	for _, line := range lines {
		p.lines += line + "\r\n"
	}
	p.query = "Cmd=" + kind + "&User=anna&DeviceId=anna1&DeviceType=LabPhone"
	if kind == "Ping" {
		p.body = check.Ping(15*time.Minute, []check.Folder{{ID: "5", Class: "Email"}, {ID: "1", Class: "Calendar"}})
		return p
	}
	sync := eas.SyncRequest{Interval: 900, Wait: -1}
	if version == "12.1" {
		sync.Interval, sync.Wait = -1, 15
	}
	for _, id := range []string{"1", "5"} {
		sync.Collections = append(sync.Collections, eas.SyncCollection{ID: id, SyncKey: phone.Key(id), FilterType: -1, GetChanges: true})
	}
	p.body = sync.Append(nil, version)
	return p
}

// answerTo sends a request; its answer comes when it comes.
func (w *edgeWorld) answerTo(p post) <-chan reply {
	got := make(chan reply, 1)
	c := w.call()
	c.send(p.raw())
	go func() {
		defer c.Close()
		got <- c.reply()
	}()
	synctest.Wait()
	return got
}
