package proxy

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

// lenient is a server that authenticates connections, by whatever it can take for
// a scheme and wherever it finds it, and tells each request who it is.
type lenient struct {
	mu  sync.Mutex
	who map[int]string // connection -> name
}

func (l *lenient) answer(x *lab.Exchange) error {
	if err := x.ReadBody(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	tells := ""
	for _, f := range append(x.Request.Fields, x.Request.Trailer...) {
		if _, name, ok := strings.Cut(f.Value, "name="); ok && strings.HasSuffix(strings.ToLower(f.Name), "authorization") {
			l.who[x.Request.Conn] = name
			if strings.Contains(f.Value, "Unheard-Of") {
				tells = "Persistent-Auth: true\r\n"
			}
		}
	}
	who := l.who[x.Request.Conn]
	return x.Send(fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", tells, len(who), who))
}

func TestNoSpellingOfASchemeLeavesANameToTheNextClient(t *testing.T) {
	const get = "GET /EWS/Exchange.asmx HTTP/1.1\r\nHost: mail.example.test\r\n"
	for name, request := range map[string]string{
		"NTLM":             get + "Authorization: NTLM name=anna\r\n\r\n",
		"mixed case":       get + "aUTHORIZATION: nTlM name=anna\r\n\r\n",
		"Negotiate":        get + "Authorization: NEGOTIATE name=anna\r\n\r\n",
		"Kerberos":         get + "Authorization: Kerberos name=anna\r\n\r\n",
		"Nego2":            get + "Authorization: Nego2 name=anna\r\n\r\n",
		"the server tells": get + "Authorization: Unheard-Of name=anna\r\n\r\n",
		"second header":    get + "Authorization: Basic YTpi\r\nAuthorization: NTLM name=anna\r\n\r\n",
		"after an empty":   get + "Authorization:\r\nAuthorization: NTLM name=anna\r\n\r\n",
		"in a list":        get + "Authorization: Basic YTpi,NTLM name=anna\r\n\r\n",
		"after a tab":      get + "Authorization:\tNTLM\tname=anna\r\n\r\n",
		"quoted":           get + "Authorization: \"NTLM\" name=anna\r\n\r\n",
		"semicolon":        get + "Authorization: NTLM;name=anna\r\n\r\n",
		"after 0xA0":       get + "Authorization: \xa0NTLM name=anna\r\n\r\n",
		"for the proxy":    get + "Proxy-Authorization: NTLM name=anna\r\n\r\n",
		"in Connection":    get + "Connection: Authorization\r\nAuthorization: NTLM name=anna\r\n\r\n",
		"in a trailer":     get + "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n0\r\nAuthorization: NTLM name=anna\r\n\r\n",
		"in a trailer of a Sync": "POST /Microsoft-Server-ActiveSync?Cmd=Sync HTTP/1.1\r\nHost: mail.example.test\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: NTLM name=anna\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			server := lenient{who: map[int]string{}}
			s := onSockets(t, server.answer)
			anna := s.call()
			anna.send(request)
			if got := anna.reply(); got.code != 200 {
				t.Fatalf("anna got %d", got.code)
			}
			for range 3 { // while she is here
				stranger := s.call()
				stranger.send(get + "\r\n")
				wantReply(t, stranger.reply(), 200, "")
			}
			anna.Close()
			s.settled()
			stranger := s.call()
			stranger.send(get + "\r\n")
			wantReply(t, stranger.reply(), 200, "")
		})
	}
}
