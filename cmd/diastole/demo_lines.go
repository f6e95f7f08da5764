package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// lines writes what happens as JSON objects, one a line. Fields that end in _s are seconds: asked_s and next_s of the
// phone's time, which runs "scale" times faster (as /api/v1/fleet says in "pace"), the others true ones.
type lines struct{ out *json.Encoder }

type fields map[string]any

func newLines(w io.Writer) *lines { return &lines{json.NewEncoder(w)} }

// put writes one object. Nobody may be reading any more; the demo goes on.
func (l *lines) put(event string, f fields) {
	f["event"], f["time"] = event, time.Now().UTC().Format(time.RFC3339Nano)
	_ = l.out.Encode(f)
}

func (l *lines) started(v *view) {
	var networks []fields
	for i, n := range demoNetworks {
		networks = append(networks, fields{"name": n.name, "idle_limit_s": (n.idle / demoScale).Seconds(), "phones": "https://" + v.scene.doors[i].String() + "/"})
	}
	l.put("started", fields{"version": thisBuild().version, "phones": "https://" + v.scene.daemon.phones.Addr().String() + "/",
		"admin": v.scene.daemon.adminURL(), "scale": demoScale, "networks": networks})
}

func (l *lines) wait(r *row, w lab.Wait) {
	f := r.fields()
	f["asked_s"], f["took_s"], f["outcome"] = w.Asked.Seconds(), w.Took.Seconds(), w.Event.String()
	f["status"], f["next_s"], f["state"] = w.Status, w.Next.Seconds(), w.State
	if w.Err != nil {
		f["error"] = w.Err.Error()
	}
	l.put("wait", f)
}

func (l *lines) mail(r *row, m lab.Mail) {
	f := r.fields()
	f["subject"], f["latency_s"] = m.Subject, r.latency.Seconds()
	l.put("mail", f)
}

func (l *lines) problem(r *row, err error) {
	f := r.fields()
	f["error"] = err.Error()
	l.put("problem", f)
}

func (l *lines) summary(s summary) {
	var networks []fields
	for _, n := range s.networks {
		networks = append(networks, fields{"name": n.name, "waits": n.waits, "lost": n.lost, "forgotten": n.forgotten, "mean_asked_s": n.mean.Seconds()})
	}
	l.put("summary", fields{"took_s": s.took.Seconds(), "networks": networks, "mails_delivered": s.delivered, "mails_arrived": s.arrived,
		"latency_p50_s": s.median.Seconds(), "latency_p95_s": s.p95.Seconds(), "latency_max_s": s.longest.Seconds()})
}

func (r *row) fields() fields {
	return fields{"phone": r.user, "network": r.network, "ladder": r.ladder}
}
