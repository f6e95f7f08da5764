package proxy

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// BenchmarkSmallRequest compares a small POST over TLS with keep-alive through
// this package and through httputil.ReverseProxy over http.Transport.
func BenchmarkSmallRequest(b *testing.B) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/vnd.ms-sync.wbxml")
		w.Write(status1)
	}))
	defer up.Close()
	u, _ := url.Parse(up.URL)
	plain := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u); r.SetXForwarded() }}
	b.Run("diastole", func(b *testing.B) {
		p := New(Config{Upstream: u})
		small(b, p, "/other")
	})
	b.Run("diastole-ping", func(b *testing.B) {
		p := New(Config{Upstream: u})
		small(b, p, "/Microsoft-Server-ActiveSync?Cmd=Ping&User=u&DeviceId=d&DeviceType=t")
	})
	b.Run("reverseproxy", func(b *testing.B) { small(b, plain, "/other") })
}

func small(b *testing.B, h http.Handler, path string) {
	s := httptest.NewUnstartedServer(h)
	if p, ok := h.(*Proxy); ok {
		s.Config.ConnContext, s.Config.ConnState = p.lobby.ConnContext, p.lobby.ConnState
	}
	s.StartTLS()
	defer s.Close()
	client := s.Client()
	client.Transport.(*http.Transport).TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	body := bytes.Repeat([]byte{1}, 52)
	b.ReportAllocs()
	for b.Loop() {
		res, err := client.Post(s.URL+path, "application/vnd.ms-sync.wbxml", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}
