package proxy

import (
	"errors"
	"io"
	"net/http"

	"go.uber.org/zap"

	"github.com/diastole/diastole/proxy/upstream"
	"github.com/diastole/diastole/wbxml/eas"
)

func isEOF(err error) bool { return err == io.EOF }

// fault answers a request that got no answer from the upstream.
func (p *Proxy) fault(w http.ResponseWriter, r *http.Request, command string, err error) {
	switch {
	case errors.Is(err, upstream.ErrRequestBody):
		p.refuseBody(w, err)
		return
	case errors.Is(err, errNeedsHTTP1{}):
		http.Error(w, err.Error(), http.StatusMisdirectedRequest)
		return
	case r.Context().Err() != nil && !clientOf(r).brokeOff(), errors.Is(err, upstream.ErrPinLost):
		// Nobody is there to read an answer (where we broke off reading the body
		// ourselves, net/http only thinks so); or both legs end together, and the
		// client starts its authentication anew.
		panic(http.ErrAbortHandler)
	}
	p.blameUpstream(command, err)
	if eas.IsActiveSync(r.URL.Path) {
		later503().writeTo(w)
		return
	}
	status := http.StatusBadGateway
	if timeout := interface{ Timeout() bool }(nil); errors.As(err, &timeout) && timeout.Timeout() {
		status = http.StatusGatewayTimeout
	}
	http.Error(w, "the mail server does not answer", status)
}

func (p *Proxy) blameUpstream(command string, err error) {
	phase := "unknown"
	if e := new(upstream.Error); errors.As(err, &e) {
		phase = e.Phase.String()
	}
	p.config.Metrics.upstreamErrors.WithLabelValues(phase).Inc()
	p.config.Log.Info("upstream failed", zap.String("command", command), zap.String("phase", phase), zap.Error(err))
}
