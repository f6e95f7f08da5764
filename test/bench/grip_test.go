package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// grip is the server's side of GRIP, the protocol by which a server tells
// Pushpin to hold a request and later publishes what to answer it with
// (https://pushpin.org/docs/protocols/grip/). Pushpin is used by servers that
// know it; no ActiveSync server does, so that this one stands for what would
// have to be written.
type grip struct {
	control string // where Pushpin takes what is published
	client  http.Client
}

// Behind makes this the server behind a Pushpin.
func (s *Server) Behind(control string, _ *none) error {
	s.grip = &grip{control: "http://" + control + "/publish/"}
	s.grip.client.Timeout = 30 * time.Second
	return nil
}

// handOver answers a Ping with the instruction to hold it: on one channel for
// all, or, where each is to end at its own time, on one of its own. When the
// time is over without an answer, Pushpin gives the phone this answer's body.
func (s *Server) handOver(c net.Conn, device string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	channel := "all"
	if s.holdFor > 0 {
		channel = device
		time.AfterFunc(s.holdFor, func() {
			_ = s.grip.publish(device, status2) // the phone misses its answer and says so
		})
	}
	if s.devices[device] == 0 {
		s.count(device, +1)
	}
	_, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.ms-sync.wbxml\r\n"+
		"Grip-Hold: response\r\nGrip-Channel: %s\r\nGrip-Timeout: 900\r\nContent-Length: %d\r\n\r\n%s",
		channel, len(status1), status1)
	return err
}

// publish answers what is held on a channel.
func (g *grip) publish(channel, body string) error {
	type response struct {
		Code    int         `json:"code"`
		Headers [][2]string `json:"headers"`
		Body    []byte      `json:"body-bin"`
	}
	message, err := json.Marshal(map[string]any{"items": []any{map[string]any{
		"channel": channel,
		"formats": map[string]any{"http-response": response{200,
			[][2]string{{"Content-Type", "application/vnd.ms-sync.wbxml"}}, []byte(body)}},
	}}})
	if err != nil {
		return err
	}
	answer, err := g.client.Post(g.control, "application/json", bytes.NewReader(message))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 {
		return fmt.Errorf("publish: %s: %s", answer.Status, text)
	}
	return nil
}
