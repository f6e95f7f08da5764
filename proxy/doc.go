// Package proxy is the edge: who came, what is asked, and what becomes of it. It
// is the only package that sees both the device and the upstream.
//
//	p := proxy.New(proxy.Config{Upstream: u, Log: log, Metrics: proxy.NewMetrics(registry)})
//	http.Server{Handler: p, ConnContext: p.ConnContext, ConnState: p.ConnState}
//
// The way of one wait is (*Proxy).serveWait in wait.go. Everything else goes
// through (*Proxy).pass in pass.go: bytes, order, framing and spelling are kept.
//
// The package fails open: what it does not understand passes byte for byte, one
// counter moves, and nothing is logged above info.
package proxy
