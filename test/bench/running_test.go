package bench

import (
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// running is a proxy at work, with the server behind it and the phones before
// it, all three started for one visit.
type running struct {
	peer
	site           *site
	cmd            *exec.Cmd
	server, phones *part
}

func (p peer) start(s *site) (r *running, err error) {
	r = &running{peer: p, site: s}
	defer func() {
		if err != nil {
			r.stop()
		}
	}()
	if r.server, err = startPart("Server"); err != nil {
		return r, err
	}
	if r.phones, err = startPart("Phones"); err != nil {
		return r, err
	}
	if p.publishes {
		if err := r.server.do("Behind", s.control, nil); err != nil {
			return r, err
		}
	}
	if err := r.server.do("Listen", none{}, &s.server); err != nil {
		return r, err
	}
	r.cmd = limited(p.setUp(s))
	log, err := os.Create(filepath.Join(s.dir, "said.log"))
	if err != nil {
		return r, err
	}
	defer log.Close()
	r.cmd.Stdout, r.cmd.Stderr = log, log
	if err := r.cmd.Start(); err != nil {
		return r, fmt.Errorf("%w (make bench installs what it needs)", err)
	}
	return r, r.awaitListening()
}

// limited gives a command 20,000 descriptors, hard and soft, the same for all.
func limited(cmd *exec.Cmd) *exec.Cmd {
	return exec.Command("sh", append([]string{"-c", `ulimit -n 20000 && exec "$@"`, "sh"}, cmd.Args...)...)
}

func (r *running) awaitListening() error {
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if c, err := tls.Dial("tcp", r.site.address, likePhones); err == nil {
			return c.Close()
		}
	}
	said, _ := os.ReadFile(filepath.Join(r.site.dir, "said.log"))
	return fmt.Errorf("%s does not listen on %s: %s", r.name, r.site.address, said)
}

func (r *running) used() (used, error) { return usedBy(family(r.cmd.Process.Pid)) }

// stop ends the phones first, so that nothing is left to be drained.
func (r *running) stop() {
	if r.phones != nil {
		_ = r.phones.do("Cut", none{}, nil)
		r.phones.stop()
	}
	if r.cmd != nil && r.cmd.Process != nil {
		all := family(r.cmd.Process.Pid)
		_ = r.cmd.Process.Signal(unix.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() {
			for _, pid := range all {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		})
		_ = r.cmd.Wait()
		late.Stop()
	}
	if r.server != nil {
		r.server.stop()
	}
}
