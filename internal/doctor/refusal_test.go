package doctor

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// Whoever reads it does not know our code, and has to know where to look.
func TestARefusalAtTheDoorSaysWhereToLook(t *testing.T) {
	onFolders := func(f lab.Fault) lab.Fault { f.Match = lab.On("FolderSync"); return f }
	for want, fault := range map[string]lab.Fault{
		"FolderSync was answered HTTP 403: the user, or the device, may not use ActiveSync. Look whether it is on for this mailbox, and whether a device DiastoleDoctor1 is blocked": onFolders(lab.Fault{Kind: lab.FaultHTTP, Code: 403}),
		"status 129, device blocked for this user: allow the device DiastoleDoctor1":                                                                                                 onFolders(lab.Fault{Kind: lab.FaultStatus, Code: 129}),
		"status 126, user disabled for sync: look whether ActiveSync is on":                                                                                                          onFolders(lab.Fault{Kind: lab.FaultStatus, Code: 126}),
		"status 177, too many devices for this user: remove some of the user's old devices":                                                                                          onFolders(lab.Fault{Kind: lab.FaultStatus, Code: 177}),
		"HTTP 502: a proxy answers, and the server behind it does not":                                                                                                               onFolders(lab.Fault{Kind: lab.FaultHTTP, Code: 502}),
		"HTTP 503: the server is overloaded":                                                                                                                                         onFolders(lab.Fault{Kind: lab.FaultHTTP, Code: 503}),
		"HTTP 302: it sends elsewhere, where phones do not follow. A sign-in page, or a guest network's portal":                                                                      {Kind: lab.FaultHTTP, Code: 302, Header: http.Header{"Location": {"http://portal/"}}},
		"HTTP 407: a proxy on the way wants a password of its own":                                                                                                                   {Kind: lab.FaultHTTP, Code: 407},
		"HTTP 404: there is no ActiveSync at this address":                                                                                                                           {Kind: lab.FaultHTTP, Code: 404},
		`what answers is no ActiveSync server: it sends "text/html". A sign-in page, a guest network's portal, or a proxy`:                                                           {Kind: lab.FaultHTTP, Code: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>Welcome"},
		"the connection was closed without an answer: a server that is just stopping, or a filter on the way":                                                                        {Kind: lab.FaultCutBefore},
		"no answer within 30s: the server is overloaded or hangs, or a filter":                                                                                                       {Kind: lab.FaultMute},
	} {
		inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
			w.server.Inject(fault)
			r, err := RunPath(context.Background(), PathConfig{URL: "http://lab", User: "anna", Password: "secret", Dial: w.pipe.Dial})
			if err == nil || !strings.Contains(r.Verdict.Says, want) || r.Verdict.Side != SideUnknown || strings.Contains(r.Verdict.Says, "lab: ") {
				t.Errorf("%v: %q, want %q", err, r.Verdict.Says, want)
			}
		})
	}
}

func TestWhatIsNotReachedSaysWhyNot(t *testing.T) {
	plain := lab.NewServer(lab.ServerConfig{})
	defer plain.Close()
	address, err := plain.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	unknown := &net.DNSError{Err: "no such host", Name: "mail.example.com", IsNotFound: true}
	for want, c := range map[string]PathConfig{
		"what listens there does not speak TLS: another port, or http:// instead of https://?": {URL: strings.Replace(address, "http:", "https:", 1)},
		"the name mail.example.com is not known to the DNS of this machine": {URL: "https://mail.example.com",
			Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: unknown}
			}},
	} {
		c.User, c.Password = "anna", "secret"
		r, err := RunPath(t.Context(), c)
		if err == nil || !strings.Contains(r.Verdict.Says, want) {
			t.Errorf("%v: %q, want %q", err, r.Verdict.Says, want)
		}
	}
}

// A status of the Ping itself is none of the path's doing, and is named in words.
func TestTheServersOwnTroubleIsNotThePaths(t *testing.T) {
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultStatus, Code: 8}))
		r := w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute}, Search: time.Hour})
		if want := "status 8, server error"; r.Verdict.Side != SideUnknown || !strings.Contains(r.Verdict.Says, want) || r.Again != nil {
			t.Errorf("%+v, want %q", r.Verdict, want)
		}
	})
	inWorld(t, lab.ServerConfig{}, nil, func(w *world) {
		w.server.Inject(onPing(lab.Fault{Kind: lab.FaultHTTP, Code: 500, After: 20 * time.Second}))
		r := w.walkIn(0, PathConfig{Holds: []time.Duration{time.Minute}, Search: time.Hour})
		r.wants(t, SideServer, 20*time.Second)
		if !strings.HasPrefix(r.Verdict.Says, "Server side: the server, or something in front of it, answers HTTP 500 Internal Server Error after 20s") {
			t.Errorf("%+v", r.Verdict)
		}
	})
}
