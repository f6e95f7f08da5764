package proxy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// walker is one device of the model, its dice, and what it has open.
type walker struct {
	*model
	dice  *rand.Rand
	id    int
	steps int

	password string // "" stands for the first
	now      *handset
	due      time.Time // by when now is to be answered
	old      *handset  // left behind without a word; nil: none
}

// usual is what this device asks again and again. Three have one user; of ten, two
// have one id and different users; of fifty, two are the same device twice.
func (d *walker) usual() wants {
	q := wants{user: fmt.Sprint("u", d.id/3), device: fmt.Sprint("d", d.id), interval: fmt.Sprint(5 + d.id%20)}
	switch {
	case d.id%50 == 3:
		q = (&walker{id: d.id - 1}).usual()
	case d.id%10 == 1:
		q.device, q.user = fmt.Sprint("d", d.id-1), fmt.Sprint("v", d.id)
	}
	if d.id%5 == 0 {
		q.cmd = "Hang"
	}
	q.password = d.password
	return q
}

// live is a minute of a phone.
func (d *walker) live() {
	if d.id%50 == 3 {
		d.left(1000) // these two do displace each other
	}
	d.pause(5 * time.Second)
	if d.dice.IntN(2) == 0 {
		d.command("FolderSync", d.password)
	}
	d.ask(d.usual())
	for d.goesOn() {
		switch n := d.dice.IntN(100); {
		case n < 50:
			d.listen()
			d.ask(d.usual())
		case n < 62: // its network is gone: nobody is told
			d.pause(4 * time.Second)
			d.leaveBehind()
			d.ask(d.usual())
		case n < 72:
			d.pause(4 * time.Second)
			d.hangUp()
			d.ask(d.usual())
		case n < 82:
			d.pause(4 * time.Second)
			d.command([]string{"Sync", "FolderSync", "SendMail"}[d.dice.IntN(3)], d.password)
		case n < 85: // it has a new password, and the old one is good as well for a while
			d.leaveBehind()
			d.left(1000) // which of the two the proxy has seen accepted last, only it knows
			d.password = map[string]string{"": "changed"}[d.password]
			d.ask(d.usual())
		case n < 92:
			d.pause(4 * time.Second)
			d.command([]string{"Ping", "Hang", "Sync", "FolderSync"}[d.dice.IntN(4)], "guessed")
		default:
			d.pause(4 * time.Second)
			d.leaveBehind()
			d.ask(d.unusual())
		}
	}
	d.listen()
	d.drop()
	if d.now != nil {
		d.now.Close()
	}
}

// unusual is another wait.
func (d *walker) unusual() wants {
	q := d.usual()
	switch d.dice.IntN(4) {
	case 0:
		q.interval = fmt.Sprint(30 + d.dice.IntN(10))
	case 1:
		q.folders = []string{"9"}
	case 2:
		q.policy = "2"
	case 3:
		q.version = "16.1"
	}
	return q
}

// goesOn is a minute long, or so many steps where time is real.
func (d *walker) goesOn() bool {
	if d.world.bubble {
		return time.Now().Before(d.until)
	}
	d.steps++
	return d.steps <= 15
}

// pause waits a while, where that costs nothing.
func (d *walker) pause(most time.Duration) {
	if d.world.bubble {
		time.Sleep(time.Duration(d.dice.Int64N(int64(most))))
	}
}

// ask waits anew, on the connection that it has or on another.
func (d *walker) ask(q wants) {
	if d.now != nil && d.dice.IntN(2) == 0 {
		d.now.Close()
		d.now = nil
	}
	if d.now == nil {
		d.now = d.world.ringsFrom(d.world.ips[d.dice.IntN(2)])
	}
	d.now.asked, d.due = q, time.Now().Add(seconds(q.filled().interval)+atOnce)
	if _, err := io.WriteString(d.now, q.raw()); err != nil {
		d.fault("%s cannot ask: %v", q.whose(), err)
	}
}

// listen waits for the answer, which is to come in time.
func (d *walker) listen() {
	wait := max(time.Until(d.due), 0) + time.Millisecond
	if !d.world.bubble {
		wait = 5 * time.Second // that it is answered at all
	}
	_ = d.now.SetReadDeadline(time.Now().Add(wait))
	if _, err := d.now.in.Peek(1); err != nil {
		d.fault("%s was not answered within %s s: %v", d.now.asked.whose(), d.now.asked.interval, err)
		d.now.Close()
		d.now = nil
		return
	}
	_ = d.now.SetReadDeadline(time.Now().Add(time.Minute))
	d.judge(d.now.asked, d.now.reply())
}

// leaveBehind keeps the connection, as a network does that nobody has told. What it
// still brings must be right as well.
func (d *walker) leaveBehind() {
	d.drop()
	d.left(1)
	d.old, d.now = d.now, nil
}

// left counts what may look as if two clients displaced each other.
func (d *walker) left(times int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.displaced[deviceIn(d.usual().whose())] += times
}

func (d *walker) drop() {
	if d.old == nil {
		return
	}
	_ = d.old.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := d.old.in.Peek(1); err == nil {
		_ = d.old.SetReadDeadline(time.Now().Add(time.Minute))
		d.judge(d.old.asked, d.old.reply())
	}
	_ = d.old.SetReadDeadline(time.Time{})
	d.old.Close()
	d.old = nil
}

// hangUp leaves with a word: FIN or RST.
func (d *walker) hangUp() {
	if d.dice.IntN(2) == 0 {
		_ = d.now.Conn.(interface{ SetLinger(int) error }).SetLinger(0)
	}
	d.now.Close()
	d.now = nil
	d.left(1) // it may ask again before its goodbye is seen
}

// command does something else meanwhile; the answer takes as long as the server does,
// whoever waits.
func (d *walker) command(cmd, password string) {
	q := d.usual()
	q.cmd, q.password = cmd, password
	h, began := d.world.ringsFrom(d.world.ips[d.dice.IntN(2)]), time.Now()
	defer h.Close()
	_ = h.SetReadDeadline(began.Add(d.world.patience()))
	if _, err := io.WriteString(h, q.raw()); err != nil {
		d.fault("%s cannot ask: %v", q.whose(), err)
	}
	d.judge(q, h.reply())
	if took := time.Since(began); d.world.bubble && took != serverTime && !(d.queues && q.waits()) {
		d.fault("%s of %s took %v, the server's share is %v", cmd, q.whose(), took, serverTime)
	}
	_ = h.SetReadDeadline(time.Time{})
}
