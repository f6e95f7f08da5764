// Package upstream speaks HTTP/1.1 to the one server behind the proxy.
//
//	client := upstream.New(upstream.Config{Address: "exchange.internal:443", TLS: &tls.Config{}})
//	answer, err := client.Do(ctx, &upstream.Request{Method: "POST", Target: "/...", Host: host, Header: h, Bytes: body})
//	...read answer.Body...
//	answer.Close()
//
// It exists because three promises of the proxy cannot be kept with
// http.Transport:
//
//   - an answer's header names reach the phone as the server spelled them;
//   - a connection that the server had silently closed does not become an error
//     at the phone, and a mail is not sent twice for it: a request goes out again
//     when the kernel can prove that not one byte of it was read (retry.go), and
//     a connection that might die without that proof first rests until its close
//     would show (pool.go);
//   - a connection that the server has authenticated (NTLM, Negotiate) belongs
//     to one client connection and ends with it (see pin.go).
//
// And a wait costs one goroutine, the caller's own, and no read buffer until its
// answer begins: 4.5 KiB, where http.Transport takes three goroutines and 23 KiB
// (BenchmarkWait); a small POST costs two thirds of its CPU (BenchmarkPost).
//
// A wait that is held for long needs not even the goroutine: Start writes the
// request, one poller of the caller's watches the sockets of all of them, and
// Answer reads what has come. In between it is 0.7 KiB on plain TCP, and 6.9 KiB
// with TLS, nearly all of them crypto/tls's (BenchmarkPending).
//
//	pending, err := client.Start(ctx, request)
//	...watch pending.Socket()...
//	answer, err := pending.Answer()
//
// It knows no ActiveSync, follows no redirects, adds and removes no header but
// the ones that frame a message, and never speaks HTTP/2: connection-bound
// authentication would not survive it (IIS answers HTTP_1_1_REQUIRED).
package upstream
