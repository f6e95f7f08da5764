package nodes

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// phone is one that moves.
type phone struct {
	*lab.Phone
	user  string
	nodes []*node
	from  string        // its address
	way   *lab.Firewall // to the nodes, which can lose the connections on it

	mu    sync.Mutex
	at    int        // the node that it comes to
	conns []net.Conn // its own ends
	due   map[string]time.Time
	took  []time.Duration // from delivery to its Sync
	again int             // mails that came twice
	last  string          // what became of its last wait, or failed since
	had   map[string]bool
	air   *lab.Pipe // to its way
}

// newPhone makes a phone of a user; its way forgets a connection that is silent for
// longer than idle, 0: none.
func newPhone(user, from string, idle time.Duration, nodes []*node, c lab.PhoneConfig) *phone {
	p := &phone{user: user, from: from, nodes: nodes, at: rand.IntN(len(nodes)), due: map[string]time.Time{}, had: map[string]bool{}, air: lab.NewPipe()}
	p.way = lab.NewFirewall(lab.FirewallConfig{Dial: p.route, Idle: idle})
	c.URL, c.User, c.Password, c.DeviceID = "https://mail.example.com", user, "secret", "of-"+user
	c.TLS = &tls.Config{InsecureSkipVerify: true}
	c.Dial, c.OnMail = p.dial, p.gets
	if c.OnWait == nil {
		c.OnWait = func(w lab.Wait) { p.says(fmt.Sprintf("%+v", w)) }
	}
	p.Phone = lab.NewPhone(c)
	return p
}

// live lets it live until ctx ends.
func (p *phone) live(ctx context.Context) {
	defer p.way.Close()
	go func() { _ = p.way.Serve(p.air) }()
	defer p.Close()
	for behind := true; ctx.Err() == nil; {
		err := p.turn(ctx, behind)
		if behind = err != nil; !behind {
			continue
		}
		p.says(err.Error())
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// turn waits once. Where anything failed it syncs before it waits again, as phones do:
// a Sync whose answer was lost has given it nothing, and to the server it is done.
func (p *phone) turn(ctx context.Context, behind bool) error {
	if len(p.Folders()) == 0 {
		if err := p.FolderSync(ctx); err != nil {
			return err
		}
	}
	for _, f := range p.Folders() {
		if !behind {
			break
		}
		// All of them: of a folder that it waits on and never synced nobody could ask the
		// server, and its waits would not be held at the edge at all.
		if err := p.Sync(ctx, f.ID); err != nil {
			return err
		}
	}
	return p.Ping(ctx)
}

var errNobody = errors.New("no node lives")

// route is the balancer: the node of the phone's, or another one where that is dead.
func (p *phone) route(context.Context, string, string) (net.Conn, error) {
	p.mu.Lock()
	at := p.at
	p.mu.Unlock()
	for i := range p.nodes {
		conn, err := p.nodes[(at+i)%len(p.nodes)].dial()
		if err != nil {
			continue
		}
		if _, err = fmt.Fprintf(conn, "PROXY TCP4 %s 127.0.0.1 40000 443\r\n", p.from); err == nil {
			return conn, nil
		}
		_ = conn.Close()
	}
	return nil, errNobody
}

func (p *phone) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := p.air.Dial(ctx, network, address)
	if err == nil {
		p.mu.Lock()
		p.conns = append(p.conns, conn)
		p.mu.Unlock()
	}
	return conn, err
}

// moves makes it change its network: its connections are gone, silently often, and the
// next ones come to any node.
func (p *phone) moves() {
	if rand.IntN(2) == 0 {
		p.way.Forget() // neither side hears of it
	}
	p.mu.Lock()
	conns := p.conns
	p.conns, p.at = nil, rand.IntN(len(p.nodes))
	p.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
	}
}

// isSent notes that a mail is on its way.
func (p *phone) isSent(subject string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due[subject] = time.Now()
}

func (p *phone) gets(m lab.Mail) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, due := p.due[m.Subject]; due {
		p.took = append(p.took, time.Since(at))
		delete(p.due, m.Subject)
	} else if p.had[m.Subject] {
		p.again++
	}
	p.had[m.Subject] = true
}

// says notes what happened to it last.
func (p *phone) says(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = time.Now().Format("15:04:05.000 ") + what
}

// misses are the mails that it does not have yet.
func (p *phone) misses() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.due)
}
