//go:build linux

package install

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestSystemdRunsItAsTheUnitsSay(t *testing.T) {
	need(t, true, "nsenter", "unshare")
	d := newDebian(t)
	d.copyIn(deb(t, "1.0.0", ""))
	next := deb(t, "1.1.0", "")
	m := newMachine(t, d)
	server, lines := mailServer(t, m.space), commands(t)
	m.do(lines[0])
	m.do(strings.ReplaceAll(lines[1], named, server))
	m.is("ActiveState", "active")
	m.is("User", "diastole")
	c := &caller{m: m}
	if answer, err := c.options(t.Context()); err != nil || answer != "14.1" {
		t.Errorf("OPTIONS through it: %q, %v\n%s", answer, err, m.journal())
	}
	m.do("diastole health")

	m.do("systemctl reload diastole")
	m.do("cp /etc/diastole/diastole.yaml good; echo 'no: such key' >>/etc/diastole/diastole.yaml")
	if out, err := m.try("systemctl reload diastole"); err == nil {
		t.Errorf("a reload of a file that cannot be used: %s", out)
	}
	m.is("ActiveState", "active")
	m.do("cp good /etc/diastole/diastole.yaml")

	calls := c.call()
	calls.reach(t, 20)
	m.do("systemctl restart diastole")
	calls.reach(t, 20)
	before := m.do("systemctl show diastole --value -p MainPID")
	d.copyIn(next)
	m.do("apt-get install -y ./diastole_1.1.0_*.deb")
	if after := m.do("systemctl show diastole --value -p MainPID"); after == before {
		t.Error("the upgrade has not restarted it")
	}
	calls.reach(t, 20)
	calls.end(t)

	m.restartsWhatIsStuck()
	m.do("apt-get purge -y diastole")
	if out, err := m.try("systemctl is-active diastole.service diastole.socket"); err == nil {
		t.Errorf("after purge: %s", out)
	}
}

// restartsWhatIsStuck stops the process where it stands, and waits for another one.
func (m *machine) restartsWhatIsStuck() {
	m.t.Helper()
	m.do(`mkdir -p /run/systemd/system/diastole.service.d
printf '[Service]\nWatchdogSec=1\n' >/run/systemd/system/diastole.service.d/soon.conf
systemctl daemon-reload; systemctl restart diastole
kill -STOP "$(systemctl show diastole --value -p MainPID)"
timeout 30 sh -c 'until [ "$(systemctl show diastole --value -p NRestarts)" = 1 ] && systemctl is-active --quiet diastole; do sleep 0.1; done'`)
	if log := m.journal() + m.do("journalctl --no-pager -o cat -u diastole.service"); !strings.Contains(log, "SIGABRT: abort") || !strings.Contains(log, "goroutine ") {
		m.t.Errorf("the journal has no stacks:\n%s", log)
	}
}

// caller asks through the service, each time on a connection of its own.
type caller struct{ m *machine }

func (c *caller) options(ctx context.Context) (string, error) {
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return c.m.space.Dial(ctx, network, address)
		}}
	r, err := http.NewRequestWithContext(ctx, http.MethodOptions, "https://127.0.0.1/Microsoft-Server-ActiveSync", nil)
	if err != nil {
		return "", err
	}
	answer, err := (&http.Client{Transport: transport, Timeout: patience}).Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.Header.Get("MS-ASProtocolVersions"), err
}

// calls are made one after the other by a few at once, until end.
type calls struct {
	answered atomic.Int64
	mu       sync.Mutex
	failed   []error
	stop     context.CancelFunc
	running  sync.WaitGroup
}

func (c *caller) call() *calls {
	ctx, stop := context.WithCancel(c.m.t.Context())
	all := &calls{stop: stop}
	c.m.t.Cleanup(func() { stop(); all.running.Wait() })
	for range 3 {
		all.running.Go(func() {
			for ctx.Err() == nil {
				answer, err := c.options(context.WithoutCancel(ctx))
				if err == nil && answer != "14.1" {
					err = fmt.Errorf("answered with %q", answer)
				}
				all.add(err)
			}
		})
	}
	return all
}

func (c *calls) add(err error) {
	c.answered.Add(1)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.failed = append(c.failed, err)
	}
}

// reach waits until so many more were made.
func (c *calls) reach(t *testing.T, more int64) {
	t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for want := c.answered.Load() + more; c.answered.Load() < want; {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d answers, want %d", c.answered.Load(), want)
		}
	}
}

func (c *calls) end(t *testing.T) {
	t.Helper()
	c.stop()
	c.running.Wait()
	if err := errors.Join(c.failed...); err != nil {
		t.Errorf("of %d calls across a restart and an upgrade failed: %v", c.answered.Load(), err)
	}
}
