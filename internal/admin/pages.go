package admin

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readyTimeout bounds one look at the upstream, below the second that
// orchestrators wait for an answer several times over.
const readyTimeout = 5 * time.Second

// scrapes bounds how many collections of metrics run at once; Prometheus needs one.
const scrapes = 4

// handler is all paths, behind the token. closed is to be called when the listener
// closes: some answers have no end.
func handler(c Config, listen net.Addr) (all http.Handler, closed func()) {
	mux := http.NewServeMux()
	for _, r := range pages(c) {
		mux.HandleFunc(r.method+" "+r.path, r.handle)
	}
	closed = func() {}
	if c.Learned != nil {
		a := newAPI(c.Learned)
		mux.Handle("/api/", a.handler())
		closed = a.events.close
	}
	all = sameSite(onlyWith(c.Token, c.certified(), mux))
	if c.Learned != nil {
		all = dashboard(uiFiles(), all)
	}
	return shielded(named(listen, c.Hosts, http.MaxBytesHandler(all, longestBody))), closed
}

// longestBody is more than any request here has: most have none at all.
const longestBody = 64 << 10

// pages are the routes beside those of the API.
func pages(c Config) []route {
	metrics := promhttp.HandlerFor(c.Gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: scrapes})
	all := []route{
		{"GET", "/{$}", index(c)},
		{"GET", "/livez", live},
		{"GET", "/readyz", ready(c.Ready)},
		{"GET", "/metrics", metrics.ServeHTTP},
	}
	if c.Pprof {
		all = append(all, profiles...)
	}
	return all
}

// live says that the process can answer. It asks nobody else: a server that is
// down behind us is no reason to be restarted.
func live(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive\n") }

// ready says whether new phones should come here.
func ready(check func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if check != nil {
			ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
			defer cancel()
			if err := check(ctx); err != nil {
				say(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
				return
			}
		}
		say(w, http.StatusOK, "ready\n")
	}
}

// index lists what is here, for whoever opens the port in a browser.
func index(c Config) http.HandlerFunc {
	page := indexHead
	if c.Learned != nil {
		page += indexAPI
	}
	if c.Pprof {
		page += indexPprof
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, page+indexTail)
	}
}

const (
	indexHead = `<!DOCTYPE html>
<html lang="en">
<title>diastole</title>
<h1>diastole</h1>
<ul>
<li><a href="/livez">/livez</a>: 200 while the process can answer
<li><a href="/readyz">/readyz</a>: 200 while new phones may come here, otherwise 503 and the reason
<li><a href="/metrics">/metrics</a>: for Prometheus
`
	indexAPI = `<li><a href="/ui/">/ui/</a>: the dashboard
<li><a href="/api/v1/fleet">/api/v1/fleet</a>: how many waits are held, and how they end (JSON)
<li><a href="/api/v1/devices">/api/v1/devices</a>: what each device asks and how its waits end (JSON; limit, offset, q, sort)
<li><a href="/api/v1/networks">/api/v1/networks</a>: what each network was seen to survive (JSON; limit, offset, q, sort)
<li><a href="/api/v1/decisions">/api/v1/decisions</a>: which rules decided, and lately for whom (JSON)
<li><a href="/api/v1/what-if?minutes=30">/api/v1/what-if?minutes=30</a>: what another time-out of the firewall would bring (JSON)
<li><a href="/api/v1/openapi.yaml">/api/v1/openapi.yaml</a>: all of the API
`
	indexPprof = `<li><a href="/debug/pprof/">/debug/pprof/</a>: profiles
`
	indexTail = "</ul>\n</html>\n"
)

// profiles are the paths that `go tool pprof` knows.
var profiles = []route{
	{"GET", "/debug/pprof/", pprof.Index},
	{"GET", "/debug/pprof/cmdline", pprof.Cmdline},
	{"GET", "/debug/pprof/profile", pprof.Profile},
	{"GET", "/debug/pprof/symbol", pprof.Symbol},
	{"GET", "/debug/pprof/trace", pprof.Trace},
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text)
}
