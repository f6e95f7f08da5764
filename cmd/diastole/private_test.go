package main

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// planted stands for a user, a device and a password at once: where it is found something
// has been written that nobody's log may have.
const planted = "Hannelore"

var (
	plantedBase64 = base64.StdEncoding.EncodeToString([]byte(planted + "@example.com:" + planted))
	basicPlanted  = "Authorization: Basic " + plantedBase64 + "\r\n"
	// MS-ASHTTP 2.2.1.1.1.1: version, command Ping, locale, device id, policy key, device type.
	shortQuery = base64.StdEncoding.EncodeToString([]byte("\x91\x12\x09\x04\x09" + planted + "\x00\x06iPhone"))
)

// namedEverywhere are requests, and things that are none, with the name in every place
// where a client can put one.
func namedEverywhere() (raw []string) {
	const eas = "/Microsoft-Server-ActiveSync"
	query := "Cmd=%s&User=" + planted + "%%40example.com&DeviceId=" + planted + "&DeviceType=iPhone" + planted
	request := func(line, headers, body string) {
		raw = append(raw, fmt.Sprintf("%s HTTP/1.1\r\nHost: mail.test\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s", line, headers, len(body), body))
	}
	for _, command := range []string{"Ping", "Sync", "FolderSync", "SendMail", "Dance", planted} {
		request("POST "+eas+"?"+fmt.Sprintf(query, command), basicPlanted, pingBody)
	}
	for _, target := range []string{
		eas + "?" + shortQuery,
		eas + "?Cmd=Ping&User=" + planted + "%0d%0a%00%1b%5b31m&DeviceId=" + planted + "%0a&DeviceType=iPhone",
		eas + "?Cmd=Ping&User=CORP%5c" + planted + "&user=" + planted + "&DeviceId=%zz" + planted,
		eas + "?User=" + planted + "&Cmd=Ping&Cmd=" + planted + "&DeviceId=",
		eas + "/" + planted + "?" + planted,
		"/SOGo/so/" + planted + "/Mail?token=" + planted, "/owa/" + planted + "@example.com/;x=" + planted,
		"http://" + planted + ":" + planted + "@mail.test/", "/%" + planted, "/" + planted + "\x01", planted,
		"/slow?a=1;b=" + planted,
	} {
		request("POST "+target, basicPlanted, "x")
		request("OPTIONS "+target, "", "")
	}
	request(planted+" /", "", "")
	request("CONNECT "+planted+":443", "", "")
	for _, headers := range []string{
		"Authorization: " + plantedBase64 + "\r\n", "Authorization: Bearer " + planted + "\r\n", "Authorization: NTLM " + plantedBase64 + "\r\n",
		"Authorization: Digest username=\"" + planted + "\"\r\n", "Authorization: Basic " + planted + "\r\n",
		"Proxy-Authorization: Basic " + plantedBase64 + "\r\n", "Cookie: session=" + planted + "\r\n", "From: " + planted + "\r\n",
		"User-Agent: Mail/1 (" + planted + "@example.com)\r\n", planted + ": 1\r\n", planted + " 1\r\n", "X-Two: 1\r\n " + planted + "\r\n", "Content-Length: " + planted + "\r\n", "Transfer-Encoding: " + planted + "\r\n",
		"Upgrade: " + planted + "\r\nConnection: upgrade\r\n", "Expect: " + planted + "\r\n", "Host: " + planted + "/x\r\n", "X-Forwarded-For: " + planted + "\r\n",
		"MS-ASProtocolVersion: 14.1\r\nX-MS-PolicyKey: " + planted + "\r\n", "X-Null: \x00" + planted + "\r\n", "Content-Encoding: " + planted + "\r\n",
	} {
		request("POST "+eas+"?"+fmt.Sprintf(query, "FolderSync"), headers, "x")
	}
	return append(raw, planted+"\r\n\r\n", "POST / "+planted+"/1.1\r\n\r\n",
		"POST "+eas+"?"+fmt.Sprintf(query, "Sync")+" HTTP/1.1\r\nHost: a\r\n"+basicPlanted+"Transfer-Encoding: chunked\r\n\r\n"+planted+"\r\n",
		"POST "+eas+"?"+fmt.Sprintf(query, "Ping")+" HTTP/1.1\r\nHost: a\r\n"+basicPlanted+"Content-Length: 500\r\n\r\n"+planted)
}

// tellTale is a server that says the name back, in answers that are none.
func tellTale(t *testing.T) (url string) {
	t.Helper()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { door.Close() })
	answers := []string{
		"HTTP/1.1 200 OK\r\nNotice: Undefined\r\nno such user " + planted + "\r\n\r\n", "220 " + planted + " ESMTP\r\n\r\n", "HTTP/1.1 " + planted + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + planted, "HTTP/1.1 500 " + planted + "\r\nX-User: " + planted + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: 9\r\n\r\n" + planted,
		"HTTP/1.1 451 Elsewhere\r\nX-MS-Location: https://" + planted + "/\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"" + planted + "\"\r\nContent-Length: 0\r\n\r\n", "",
	}
	go func() {
		for n := 0; ; n++ {
			conn, err := door.Accept()
			if err != nil {
				return
			}
			io.ReadFull(conn, make([]byte, 30))
			io.WriteString(conn, answers[n%len(answers)])
			conn.Close()
		}
	}()
	return "http://" + door.Addr().String()
}

// shout sends all of it, each on a connection of its own, and reads what comes.
func shout(t *testing.T, p *process) {
	t.Helper()
	for _, raw := range namedEverywhere() {
		conn, err := tls.Dial("tcp", p.address("edge"), &tls.Config{InsecureSkipVerify: true, ServerName: planted + ".test"})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, raw)
		if !strings.Contains(raw, "Connection: close\r\n") { // its end is awaited
			conn.CloseWrite()
		}
		conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond)) // what is held longer has been logged
		io.Copy(io.Discard, conn)
		conn.Close()
	}
	plain, err := net.Dial("tcp", p.address("edge")) // and without TLS
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(plain, "GET /"+planted+" HTTP/1.1\r\nHost: "+planted+"\r\n\r\n")
	io.Copy(io.Discard, plain)
	plain.Close()
}

// wantNobody fails where a text has the name in it, or what stands for it in base64.
func wantNobody(t *testing.T, what, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		for _, sign := range []string{planted, strings.ToLower(planted), plantedBase64[:20], shortQuery} {
			if strings.Contains(line, sign) {
				t.Errorf("%s: %s", what, line)
			}
		}
	}
}

func TestWhoeverSaysANameAnywhereFindsItNowhere(t *testing.T) {
	polite := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	t.Cleanup(polite.Close)
	nowhere := "http://127.0.0.1:1"
	for name, upstream := range map[string]string{"a server that answers": polite.URL, "one that tells tales": tellTale(t), "none": nowhere} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := start(t, "--config", configFile(t, upstream, "log: {level: debug}\nstate: {path: "+filepath.Join(dir, "state.db")+"}\n"))
			shout(t, p)
			page := get(t, "http://"+p.address("admin")+"/metrics")
			if page.code != 200 || !strings.Contains(page.body, "diastole_requests_total") && upstream != nowhere {
				t.Fatalf("metrics: %v", page.code)
			}
			wantNobody(t, "metrics", page.body)
			p.signal(unix.SIGTERM)
			p.exit(0)
			var all bytes.Buffer
			for _, l := range p.lines {
				if err := json.NewEncoder(&all).Encode(l); err != nil {
					t.Fatal(err)
				}
			}
			if n := strings.Count(all.String(), `"msg":"request"`); n < 30 || name != "none" && strings.Count(all.String(), `"code":200`) == 0 {
				t.Errorf("only %d requests were logged", n)
			}
			wantNobody(t, "log", all.String())
			if files, err := os.ReadDir(dir); err != nil || len(files) == 0 {
				t.Errorf("%v, %v", files, err)
			}
		})
	}
}
