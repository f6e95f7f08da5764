package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/diastole/diastole/internal/lab"
)

// overHTTP2 is a client of the stage's proxy that speaks HTTP/2 over TLS.
func (s *stage) overHTTP2() (client *http.Client, base string) {
	s.Helper()
	front := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	front.Config.ConnContext, front.Config.ConnState = s.proxy.lobby.ConnContext, s.proxy.lobby.ConnState
	front.EnableHTTP2 = true
	front.StartTLS()
	s.Cleanup(front.Close)
	return front.Client(), front.URL
}

func (s *stage) askHTTP2(ctx context.Context, client *http.Client, base, cmd string, body []byte) (*http.Response, string, error) {
	s.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/Microsoft-Server-ActiveSync?Cmd="+cmd+"&DeviceId=dev1&DeviceType=phone", bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.SetBasicAuth("anna", "secret")
	res, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	if res.ProtoMajor != 2 {
		s.Fatalf("that was %s", res.Proto)
	}
	got, err := io.ReadAll(res.Body)
	return res, string(got), err
}

func TestHTTP2WaitsAreUnderstoodAndRelayed(t *testing.T) {
	s := onSockets(t, lab.Answer(nothingNew))
	client, base := s.overHTTP2()
	for i, body := range [][]byte{pingOf("480", "1"), nil, manyFolders(5000)} {
		res, got, err := s.askHTTP2(t.Context(), client, base, "Ping", body)
		if err != nil || res.StatusCode != 200 || got != pingSays(1) || res.ContentLength != int64(len(got)) {
			t.Errorf("got %v %q, %v", res, got, err)
		}
		s.sent(i + 1) // noted before the next one goes, on whatever connection
	}
	s.wantSent(pingOf("480", "1"), nil, manyFolders(5000))
	for i, r := range s.sent(3) {
		// HTTP/1.1 servers answer 411 to a POST that says nothing of its body.
		if r.Framing == lab.FramedNone {
			t.Errorf("request %d went up without a word of its body: %q", i, r.Head)
		}
	}
	s.settled()
	s.wantOutcomes("ping early", "ping early", "ping expired") // of the large one no interval is known
}

func TestHTTP2PhoneThatGoesAwayIsData(t *testing.T) {
	came, gone := make(chan struct{}, 1), make(chan struct{}, 1)
	s := onSockets(t, untilLetGo(came, gone))
	client, base := s.overHTTP2()
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, _, err := s.askHTTP2(ctx, client, base, "Ping", pingOf("480", "1"))
		left <- err
	}()
	<-came
	leave() // RST_STREAM; the connection stays
	if err := <-left; err == nil {
		t.Error("the phone got an answer")
	}
	<-gone
	s.settled()
	s.wantOutcomes("ping left")
	s.wantNobodyBlamed()

	// One stream has gone, the next is served on the same connection.
	s.up.SetScript(lab.Answer(nothingNew))
	if _, got, err := s.askHTTP2(t.Context(), client, base, "Ping", pingOf("480", "1")); err != nil || got != pingSays(1) {
		t.Errorf("the next one got %q, %v", got, err)
	}
}

func TestHTTP2AnswerThatWasCutIsCut(t *testing.T) {
	s := onSockets(t, after(0, cutAfter("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<html>")))
	client, base := s.overHTTP2()
	if _, got, err := s.askHTTP2(t.Context(), client, base, "Search", []byte("x")); err == nil {
		t.Errorf("half an answer passes for a whole: %q", got)
	}
	s.settled()
	if n := s.count("diastole_upstream_errors_total", "phase", "body"); n != 1 {
		t.Errorf("%v errors are counted", n)
	}
}

func TestHTTP2DrainEndsWaits(t *testing.T) {
	came, gone := make(chan struct{}, 1), make(chan struct{}, 1)
	s := onSockets(t, untilLetGo(came, gone))
	client, base := s.overHTTP2()
	go func() {
		<-came
		s.proxy.Drain(time.Millisecond)
	}()
	if _, got, err := s.askHTTP2(t.Context(), client, base, "Ping", pingOf("480", "1")); err != nil || got != pingSays(1) {
		t.Errorf("got %q, %v", got, err)
	}
	<-gone
	s.settled()
	s.wantOutcomes("ping drained")
}

func TestHTTP2WaitThatWouldNeedAPinIsRefused(t *testing.T) {
	s := onSockets(t, lab.Answer(nothingNew))
	client, base := s.overHTTP2()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/Microsoft-Server-ActiveSync?Cmd=Ping&DeviceId=dev1&DeviceType=phone", bytes.NewReader(pingOf("480")))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Negotiate YII=")
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusMisdirectedRequest || len(s.up.Requests()) != 0 {
		t.Errorf("answered %d, %d requests went up", res.StatusCode, len(s.up.Requests()))
	}
	s.settled()
	s.wantOutcomes("ping refused")
	s.wantQuiet()
}
