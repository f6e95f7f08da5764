package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// What goes over the wire: requests of a phone and answers of a server, the
// smallest of their kind (MS-ASCMD 2.2.1.13 Ping, in WBXML).
const (
	ping    = "\x03\x01\x6a\x00\x00\x0d\x45\x48\x03480\x00\x01\x49\x4a\x4b\x035\x00\x01\x4c\x03Email\x00\x01\x01\x01\x01"
	check   = "\x48\x035\x00"                                                              // in a Ping of 5 s: has anything changed?
	status1 = "\x03\x01\x6a\x00\x00\x0d\x45\x47\x031\x00\x01\x01"                          // nothing has changed
	status2 = "\x03\x01\x6a\x00\x00\x0d\x45\x47\x032\x00\x01\x49\x4a\x035\x00\x01\x01\x01" // folder 5 has
)

// answer is a whole answer of the server.
func answer(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// request is what a phone sends; each device has its own id.
func request(command string, device int) []byte {
	return fmt.Appendf(nil, "POST /Microsoft-Server-ActiveSync?Cmd=%s&User=u%d&DeviceId=dev%d&DeviceType=bench HTTP/1.1\r\n"+
		"Host: mail.example.test\r\nAuthorization: Basic dTpw\r\nMS-ASProtocolVersion: 14.1\r\nUser-Agent: bench/1\r\n"+
		"Content-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %d\r\n\r\n%s", command, device, device, len(ping), ping)
}

// readAnswer takes one answer off the connection, as cheaply as it can: the
// phones share the processor with the proxy. An answer with another status than
// 200 is errRefused.
func readAnswer(in *bufio.Reader) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	good, status := bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")), string(bytes.TrimSpace(line))
	length := 0
	for len(line) > 2 {
		if line, err = in.ReadSlice('\n'); err != nil {
			return err
		}
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			length, _ = strconv.Atoi(string(value))
		}
	}
	if !good {
		_, err = in.Discard(length)
		return errors.Join(err, fmt.Errorf("%w with %q", errRefused, status))
	}
	body, err := in.Peek(length)
	if err != nil {
		return err
	}
	if s := string(body); s != status1 && s != status2 {
		return fmt.Errorf("answered with the body %q", body)
	}
	_, err = in.Discard(length)
	return err
}

var errRefused = errors.New("refused")
