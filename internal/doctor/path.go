package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// MostHolds is how many waits are held at once, at most: Exchange gives a user ten
// requests (EasMaxConcurrency), and the user's own phones want some.
const MostHolds = 8

// PathConfig is which way to try, and how. URL, User and Password must be set.
type PathConfig struct {
	URL            string // as phones have it: https://host, perhaps with a path
	User, Password string
	Holds          []time.Duration // lengths of the waits, whole seconds, at most MostHolds; default 60, 300, 600 and 900 s
	Search         time.Duration   // how long the search for the exact figure may take; 0: none

	TLS   *tls.Config                                                       // nil: the system's authorities
	Dial  func(ctx context.Context, network, addr string) (net.Conn, error) // nil: the network, without TCP keep-alive
	Tell  func(line string)                                                 // hears what is about to be done; nil: nobody
	Watch func(Progress)                                                    // sees waits begin and end, from several goroutines; nil: nobody
}

// Progress is a wait that begins, or has ended.
type Progress struct {
	Lane    int           // of the device, from 0
	Silence time.Duration // what is tried
	Lasts   time.Duration // the Ping
	Ended   End           // "" it begins
}

// walk is one look at a way.
type walk struct {
	*visit
	holds []time.Duration
	limit time.Duration
	dial  *steady
	watch func(Progress)
	lanes []*device // a server ends an older Ping of a device for a newer one: each wait has its own
	path  *PathReport
}

// RunPath looks at the way to a server. What it has found until an error is in the
// report all the same; the error says why there is no more.
func RunPath(ctx context.Context, c PathConfig) (*PathReport, error) { return newWalk(c).run(ctx) }

func (w *walk) run(ctx context.Context) (*PathReport, error) {
	defer func() {
		for _, d := range append(w.lanes, w.first, w.second) {
			d.Close()
		}
	}()
	for _, step := range []func(context.Context) error{w.secure, w.options, w.register, w.hold, w.reach, w.narrow, w.again} {
		err := step(ctx)
		w.path.Connect = Span(w.dial.took())
		if err != nil {
			return w.path, w.stopped(err)
		}
	}
	w.path.Verdict = judge(w.path)
	return w.path, nil
}

// stopped says what can be said of half a look. Whoever ends a wait of an hour with
// Ctrl-C wants what the shorter ones have shown.
func (w *walk) stopped(err error) error {
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
		if len(w.path.Holds) > 0 {
			w.path.Verdict = judge(w.path)
			w.path.Verdict.Notes = append(w.path.Verdict.Notes, "it was interrupted: what was not tried is not known")
			return err
		}
	}
	err = explained(err)
	why := "because no wait could be tried: "
	if len(w.path.Holds) > 0 {
		why = "because the server could not be asked any more after the first waits: "
	}
	w.path.Verdict = Verdict{Side: SideUnknown, Says: "It cannot be told, " + why + visible(err.Error()) + "."}
	return err
}

func newWalk(c PathConfig) *walk {
	if c.Dial == nil {
		c.Dial = quietDialer.DialContext
	}
	if len(c.Holds) == 0 {
		c.Holds = DefaultHolds()
	}
	dial := &steady{dial: c.Dial, known: map[string]string{}}
	w := &walk{dial: dial, holds: slices.Clone(c.Holds), limit: c.Search, watch: c.Watch,
		path:  &PathReport{URL: endpoint(c.URL), Steps: []Step{}, Holds: []Hold{}}, // scripts get empty lists, no null, where it ends early
		visit: &visit{report: &Report{}, asleep: asleep, Config: Config{URL: c.URL, User: c.User, Password: c.Password, TLS: c.TLS, Dial: dial.Dial, Tell: c.Tell}}}
	slices.Sort(w.holds)
	w.holds = slices.Compact(w.holds)
	w.holds = w.holds[:min(len(w.holds), MostHolds)]
	w.devices("14.1")
	return w
}

// DefaultHolds are the waits that are tried when nobody says which: what the boxes on
// most ways are set to lies between them.
func DefaultHolds() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute}
}

// secure looks at TLS before anybody's password is sent through it.
func (w *walk) secure(ctx context.Context) error {
	u, err := url.Parse(endpoint(w.URL))
	if err != nil || u.Scheme != "https" {
		return err
	}
	w.tell("looking at the certificate and the TLS versions of " + hostPort(u))
	w.path.Security, err = w.security(ctx, u)
	return err
}

func (w *walk) options(ctx context.Context) error {
	return w.step("OPTIONS", func() (says string, err error) {
		err = w.identify(ctx)
		w.path.Server = w.report.Server
		return w.report.Server.speaks(), err
	})
}

// register makes a device for each wait.
func (w *walk) register(ctx context.Context) error {
	w.tell(fmt.Sprintf("registering %s, DiastoleDoctor1 and on, and syncing the last week of the inbox", counted(len(w.holds), "device")))
	d := w.device("1")
	w.lanes = append(w.lanes, d)
	if err := w.step("FolderSync", func() (string, error) {
		err := d.findInbox(ctx)
		return counted(len(d.Folders()), "folder"), err
	}); err != nil {
		return err
	}
	if w.path.Server.Profile == "" {
		w.path.Server.byFolders(d.Folders())
	}
	if err := w.step("Sync", func() (string, error) {
		err := d.settle(ctx)
		return counted(len(d.mails), "mail") + " of the last week", err
	}); err != nil {
		return err
	}
	return w.enough(ctx, len(w.holds))
}

// enough registers devices until there are n.
func (w *walk) enough(ctx context.Context, n int) error {
	for len(w.lanes) < n {
		d := w.device(strconv.Itoa(len(w.lanes) + 1))
		w.lanes = append(w.lanes, d)
		if err := d.enter(ctx); err != nil {
			return err
		}
	}
	return nil
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// speaks are the versions. What does not name any may be a proxy that takes the header
// away, or no ActiveSync server at all: FolderSync will show.
func (s Server) speaks() string {
	if strings.Join(s.Versions, "") == "" {
		return "no versions of ActiveSync are named"
	}
	return "versions " + strings.Join(s.Versions, " ")
}

func (w *walk) step(name string, do func() (string, error)) error {
	began := time.Now()
	says, err := do()
	if err != nil {
		says = "failed" // the verdict says why
	}
	w.path.Steps = append(w.path.Steps, Step{Name: name, Took: Span(time.Since(began)), Says: says})
	return err
}

// hold holds all waits at once. When one dies in silence the longer ones are given up:
// a box that has forgotten the shorter forgets them too, and hours are dear.
func (w *walk) hold(ctx context.Context) error {
	w.tell(fmt.Sprintf("holding %s, the longest for %s; all at once, each on a connection of its own", counted(len(w.holds), "wait"), briefly(w.holds[len(w.holds)-1])))
	giveUp := make([]context.CancelFunc, len(w.holds))
	contexts := make([]context.Context, len(w.holds))
	for i := range w.holds {
		contexts[i], giveUp[i] = context.WithCancel(ctx)
		defer giveUp[i]()
	}
	w.path.Holds = make([]Hold, len(w.holds))
	var waits sync.WaitGroup
	for i, interval := range w.holds {
		waits.Go(func() {
			h := w.try(contexts[i], i, trial{interval: interval})
			w.path.Holds[i] = h
			if h.End == endSilent {
				for _, longer := range giveUp[i+1:] {
					longer()
				}
			}
		})
	}
	waits.Wait()
	return ctx.Err()
}

// try holds one wait on a device, and shows it.
func (w *walk) try(ctx context.Context, lane int, t trial) Hold {
	p := Progress{Lane: lane, Silence: t.silence(), Lasts: t.interval}
	w.show(p)
	h := w.lanes[lane].try(ctx, w.visit, t)
	p.Ended = h.End
	w.show(p)
	return h
}

func (w *walk) show(p Progress) {
	if w.watch != nil {
		w.watch(p)
	}
}
