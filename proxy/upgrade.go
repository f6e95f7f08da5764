package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/diastole/diastole/proxy/upstream"
)

// upgradeOf names the protocol that the client wants to switch to, "" if none.
// h2c ends here, also as one of several: its next bytes would be HTTP/2 that nobody
// reads along. HTTP/1.0 cannot switch (RFC 9110 7.8).
func upgradeOf(r *http.Request) string {
	name := r.Header.Get("Upgrade")
	if !r.ProtoAtLeast(1, 1) || !hasToken(r.Header["Connection"], "upgrade") || strings.Contains(strings.ToLower(name), "h2c") {
		return ""
	}
	return name
}

// upgrade joins the two connections after a 101 (WebSocket, RFC 9110 7.8).
func (p *Proxy) upgrade(w http.ResponseWriter, r *http.Request, answer *upstream.Response) {
	up, ahead := answer.Upgraded()
	defer up.Close()
	down, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.config.Log.Info("upgrade on a connection that cannot be taken over", zap.Error(err))
		panic(http.ErrAbortHandler)
	}
	defer down.Close()
	clientOf(r).body = nil // not the http.Server's any more
	if err := writeSwitch(down, answer, ahead); err != nil {
		return
	}
	line := accessOf(w)
	line.code = answer.Status
	go join(up, io.MultiReader(unread(buffered.Reader), down))
	line.down = join(down, up)
}

func writeSwitch(down net.Conn, answer *upstream.Response, ahead []byte) error {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", answer.Status, http.StatusText(answer.Status))
	for _, f := range answer.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	b.WriteString("\r\n")
	b.Write(ahead)
	_, err := io.WriteString(down, b.String())
	return err
}

// unread is what net/http had read ahead of the hijack.
func unread(r *bufio.Reader) io.Reader { return io.LimitReader(r, int64(r.Buffered())) }

// join copies until the end and then ends the other side's reading, or all of it
// where half-closing is not possible. It tells how many bytes it copied.
func join(to net.Conn, from io.Reader) int64 {
	n, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err != nil || !ok || half.CloseWrite() != nil {
		to.Close()
	}
	return n
}
