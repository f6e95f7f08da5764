package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"strings"
	"time"
)

// MostLoad is how many waits at once a server may be tried with.
const MostLoad = 32

// Config is whom to ask, and how much. URL, User and Password must be set.
type Config struct {
	URL            string // http:// or https://, host, perhaps a path in front of /Microsoft-Server-ActiveSync
	User, Password string
	Address        string        // where its own mail goes; "" is User if that has an @, and otherwise no mail is sent
	Wait           time.Duration // of the long Ping; default 60 s
	Load           int           // waits at once, at most MostLoad; 0: not tried

	TLS  *tls.Config                                                       // nil: the system's authorities
	Dial func(ctx context.Context, network, addr string) (net.Conn, error) // nil: the network
	Tell func(line string)                                                 // hears what is about to be done; nil: nobody
}

// visit is one look at a server.
type visit struct {
	Config
	report  *Report
	version string // of the protocol that is spoken
	first   *device
	second  *device
	asleep  func() time.Duration // of this machine since it was started
}

// Run looks at the server. What it has found until an error is in the report all
// the same; the error says why there is no more, and then nothing is recommended.
func Run(ctx context.Context, c Config) (*Report, error) {
	if c.Wait == 0 {
		c.Wait = time.Minute
	}
	if c.Address == "" && strings.Contains(c.User, "@") {
		c.Address = c.User
	}
	v := &visit{Config: c, report: &Report{Upstream: c.URL}}
	v.devices("14.1")
	defer func() { v.first.Close(); v.second.Close() }()
	for _, step := range []func(context.Context) error{v.identify, v.settleIn, v.waits, v.truth, v.load} {
		if err := step(ctx); err != nil {
			return v.report, explained(err)
		}
	}
	v.report.Advice = advise(v.report)
	return v.report, nil
}

// tell says what is about to be done. Some of it is others' words.
func (v *visit) tell(line string) {
	if v.Tell != nil {
		v.Tell(visible(line))
	}
}

// settleIn brings both devices up to date, as a new account is.
func (v *visit) settleIn(ctx context.Context) error {
	v.tell("registering two devices, " + v.first.name + " and " + v.second.name + ", and syncing the last week of the inbox")
	for _, d := range []*device{v.first, v.second} {
		if err := d.enter(ctx); err != nil {
			return err
		}
		v.report.Folders = len(d.Folders())
	}
	if v.report.Server.Profile == "" {
		v.report.Server.byFolders(v.first.Folders())
	}
	return nil
}

// endpoint is where ActiveSync is below a server's address.
func endpoint(base string) string {
	const path = "/Microsoft-Server-ActiveSync"
	u, err := url.Parse(base)
	if err != nil || strings.Contains(strings.ToLower(u.Path), strings.ToLower(path)) {
		return base
	}
	u.Path = strings.TrimRight(u.Path, "/") + path
	return u.String()
}
