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
//   - a connection that the server had silently closed never becomes an error
//     at the phone: a request goes out a second time when the kernel can prove
//     that not one byte of it was taken (see retry.go);
//   - a connection that the server has authenticated (NTLM, Negotiate) belongs
//     to one client connection and ends with it (see pin.go).
//
// And a wait costs one goroutine, the caller's own, and no read buffer until its
// answer begins: http.Transport keeps two goroutines and 8 KiB for each.
//
// It knows no ActiveSync, follows no redirects, adds and removes no header but
// the ones that frame a message, and never speaks HTTP/2: connection-bound
// authentication would not survive it (IIS answers HTTP_1_1_REQUIRED).
package upstream
