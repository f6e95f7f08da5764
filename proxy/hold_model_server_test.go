package proxy

import (
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// oracle is a server whose every answer says for whom and to what it was made, and
// which notes who waits with whom.
type oracle struct {
	seed  uint64
	slice time.Duration
	rush  bool // it answers soon, and always with mail: nothing is held back then

	mu       sync.Mutex
	dice     *rand.Rand
	open     map[string][]*stay   // by device and credentials
	accepted map[string]accepting // by device: whom it has answered last
	faults   []overlap
}

// accepting is whose credentials the server has taken last, and since when.
type accepting struct {
	whose string
	since time.Time
}

// overlap is a device that had two waits at once.
type overlap struct {
	whose    string
	together time.Duration
}

func newOracle(seed uint64) *oracle {
	return &oracle{seed: seed, dice: rand.New(rand.NewPCG(seed, 0)), open: map[string][]*stay{}, accepted: map[string]accepting{}}
}

func (o *oracle) seen() []overlap {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.faults
}

// waiting is how many waits are there.
func (o *oracle) waiting() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, stays := range o.open {
		n += len(stays)
	}
	return n
}

// stay is one wait at the server.
type stay struct{ came, gone time.Time }

// serverTime is how long the oracle thinks.
const serverTime = 20 * time.Millisecond

// whose names the device and the credentials of a request.
func whose(r *lab.Recorded) string {
	return userOf(r) + "/" + deviceOf(r) + "/" + r.Get("Authorization")
}

// question is what has to be equal for two waits to be one.
func question(cmd, policy, version string, body []byte) string {
	return cmd + " " + policy + " " + version + " " + hex.EncodeToString(body)
}

func (q wants) question() string {
	q = q.filled()
	return question(q.cmd, or(q.policy, "1"), or(q.version, "14.1"), q.body())
}

func (q wants) whose() string {
	q = q.filled()
	return q.user + "/" + or(q.device, "dev1") + "/" + basic(q.user, or(q.password, "secret"))
}

func questionOf(r *lab.Recorded) string {
	cmd := parameter(r, "Cmd")
	if cmd == "Sync" && hangs(r) {
		cmd = "Hang"
	}
	return question(cmd, r.Get("X-MS-PolicyKey"), r.Get("MS-ASProtocolVersion"), r.Body)
}

func (o *oracle) script(x *lab.Exchange) error {
	if err := x.ReadBody(); err != nil {
		return err
	}
	token := fmt.Sprintf("X-For: %s\r\nX-Question: %s\r\nX-Asked: %d\r\n", whose(x.Request), questionOf(x.Request), askedFor(x.Request)/time.Second)
	quick := func(head, body string) error {
		return after(serverTime, lab.Answer(fmt.Sprintf("%s%sContent-Length: %d\r\n\r\n%s", head, token, len(body), body)))(x)
	}
	switch {
	case x.Request.Get("Authorization") == basic(userOf(x.Request), "guessed"):
		return quick("HTTP/1.1 401 Unauthorized\r\n", "")
	case !hangs(x.Request):
		defer o.accepts(whose(x.Request))
		return quick(docHead, bodyOf(oneFolder))
	}
	return o.hold(x, token)
}

// hold answers at some time: with mail, with nothing, or too late.
func (o *oracle) hold(x *lab.Exchange, token string) error {
	own := o.enter(whose(x.Request))
	asked := askedFor(x.Request)
	o.mu.Lock()
	stays, mail := asked, o.dice.IntN(3) == 0
	switch o.dice.IntN(4) {
	case 0:
		stays = time.Duration(o.dice.Int64N(int64(asked)))
	case 1:
		stays += 6 * time.Second
	}
	if o.rush {
		stays, mail = time.Duration(o.dice.IntN(int(2*parkAfter))), true
	}
	o.mu.Unlock()
	_ = x.Conn.SetReadDeadline(time.Now().Add(stays))
	_, err := x.Conn.Read(make([]byte, 1))
	_ = x.Conn.SetReadDeadline(time.Time{})
	o.leave(whose(x.Request), own)
	if err == io.EOF || x.Context.Err() != nil {
		return io.EOF
	}
	if asked != o.slice { // a piece of a wait is no answer yet
		defer o.accepts(whose(x.Request))
	}
	return x.Send(o.answer(x.Request, token, mail))
}

func (o *oracle) answer(r *lab.Recorded, token string, mail bool) string {
	body := ""
	switch ping := parameter(r, "Cmd") == "Ping"; {
	case ping && mail:
		body = string(eas.PingResponse{Status: eas.PingChanges, Folders: []string{"1"}}.Append(nil))
	case ping:
		body = pingSays(1)
	case mail:
		body = largeAnswer("1", "2", 10)
	}
	return fmt.Sprintf("%s%sContent-Length: %d\r\n\r\n%s", docHead, token, len(body), body)
}

func (o *oracle) enter(who string) *stay {
	o.mu.Lock()
	defer o.mu.Unlock()
	own := &stay{came: time.Now()}
	o.open[who] = append(o.open[who], own)
	return own
}

// accepts notes that the server has answered these credentials.
func (o *oracle) accepts(who string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.accepted[deviceIn(who)].whose != who {
		o.accepted[deviceIn(who)] = accepting{who, time.Now()}
	}
}

// deviceIn leaves the credentials out.
func deviceIn(who string) string { return who[:strings.Index(who, "/Basic ")] }

// leave notes how long a wait was there together with another of the same device: the
// older one is to be let go when the newer comes, or when it is known whose it is.
func (o *oracle) leave(who string, own *stay) {
	o.mu.Lock()
	defer o.mu.Unlock()
	own.gone = time.Now()
	o.open[who] = slices.DeleteFunc(o.open[who], func(s *stay) bool { return s == own })
	for _, other := range o.open[who] {
		both := own.came
		known := o.accepted[deviceIn(who)]
		for _, later := range []time.Time{other.came, known.since} {
			if later.After(both) {
				both = later
			}
		}
		if together := own.gone.Sub(both); known.whose == who && together > atOnce {
			o.faults = append(o.faults, overlap{who, together})
		}
	}
}
