package main

import (
	"context"

	"go.uber.org/zap"

	"github.com/diastole/diastole/internal/config"
	"github.com/diastole/diastole/internal/edge"
	"github.com/diastole/diastole/proxy"
)

// listener is where phones connect, and the proxy as it is seen from there: when
// another address is configured, this one's waits end and no others.
type listener struct {
	*edge.Server
	entrance *proxy.Entrance
	limit    int // connections at once
}

// listen binds the address for phones. Nothing is answered yet.
func (d *daemon) listen(ctx context.Context, cfg *config.Config) (*listener, error) {
	entrance, limit := d.proxy.Entrance(), connections(d.files, cfg.Upstream.MaxWaits)
	server, err := edge.Listen(ctx, edge.Config{
		Listen: cfg.Listen, Sockets: d.sockets,
		Certificates: d.certs, ALPN: cfg.TLS.ALPN,
		ProxyProtocolFrom: cfg.ProxyProtocol.Trusted,
		Handler:           entrance,
		Connections:       limit,
		Addresses:         d.callers,
		ConnContext:       entrance.ConnContext,
		ConnState:         entrance.ConnState,
		Log:               d.log.Named("edge"),
		Metrics:           d.edge,
	})
	if err != nil {
		entrance.Drain(0) // nobody will ever come in by it
		return nil, err
	}
	return &listener{server, entrance, limit}, nil
}

// forsake gives up a listener that was never answered on.
func (l *listener) forsake() {
	l.entrance.Drain(0)
	_ = l.Close()
}

// answer begins to answer phones. An end that nobody asked for ends the program.
func (d *daemon) answer(l *listener) {
	go func() {
		if err := l.Serve(); err != nil {
			d.breaks(err)
		}
	}()
}

// breaks ends the program with an error; the first is enough.
func (d *daemon) breaks(err error) {
	select {
	case d.broken <- err:
	default:
	}
}

// shut accepts no connection any more and waits for what is on its way: requests
// in their handlers, and waits that are parked, which http.Server does not know.
func (l *listener) shut(ctx context.Context, parked <-chan struct{}) error {
	if err := l.Shutdown(ctx); err != nil {
		return err
	}
	select {
	case <-parked:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave gives up a listener whose address is no longer configured, as a drain does
// it: no connection is accepted, and every wait that came in there gets an ordinary
// "nothing new" within the time that drain gives. It returns at once.
func (d *daemon) leave(ctx context.Context, l *listener) {
	log, within := d.log.With(zap.Stringer("address", l.Addr())), d.config.Drain
	log.Info("leaving the former address", zap.Float64("within_seconds", within.Seconds()))
	l.entrance.Drain(window(within))
	d.leaving.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		if err := l.shut(ctx, l.entrance.Drained()); err != nil {
			log.Warn("the time to drain is over, requests on the former address are cut", zap.Error(err))
		}
		if err := l.Close(); err != nil {
			log.Debug("closing the former listener", zap.Error(err))
		}
		log.Info("left the former address")
	})
}
