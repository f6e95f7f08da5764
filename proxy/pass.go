package proxy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/diastole/diastole/proxy/hold"
	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/wbxml/eas"
)

// pass relays a request and its answer untouched. command is its name in the
// metrics.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, command string) {
	request, err := p.request(w, r)
	if err != nil {
		p.refuseBody(w, err)
		return
	}
	p.relay(w, r, request, command, nil)
}

// relay sends a prepared request up and its answer down. read, if not nil, sees
// the answer before it is passed on and may wrap its body, not change it.
func (p *Proxy) relay(w http.ResponseWriter, r *http.Request, request *upstream.Request, command string, read func(*upstream.Response)) {
	began, line := time.Now(), accessOf(w)
	line.command = command
	answer, err := p.do(r, request)
	line.upstream = time.Since(began)
	p.told(p.attemptOf(r), answer)
	if err != nil {
		if r.Context().Err() != nil {
			p.config.Metrics.left.Inc()
		}
		if request.Stream != nil && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close") // what is left of the body is for nobody
		}
		p.fault(w, r, command, err)
		return
	}
	defer answer.Close()
	p.config.Metrics.answered(command, request, began)
	p.config.Metrics.requests.WithLabelValues(command, strconv.Itoa(answer.Status)).Inc()
	if answer.Status == http.StatusSwitchingProtocols {
		p.upgrade(w, r, answer)
		return
	}
	if read != nil {
		read(answer)
	}
	p.answer(w, r, answer)
}

// passCommand relays a command that does not wait. Its answer tells that the server
// has accepted the device's credentials.
func (p *Proxy) passCommand(w http.ResponseWriter, r *http.Request, query eas.Envelope) {
	request, err := p.request(w, r)
	if err != nil {
		p.refuseBody(w, err)
		return
	}
	began := time.Now()
	p.relay(w, r, request, query.Command.String(), func(answer *upstream.Response) {
		if d, tracked := device(r, query); tracked {
			p.heed(d, answer, query.PolicyKey, hold.Command{Credentials: p.credentials(r), Since: began})
		}
	})
}
