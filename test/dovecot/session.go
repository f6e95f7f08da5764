package dovecot

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"time"
)

// A Session is another mail program of a user: what it changes, phones shall hear of.
type Session struct {
	conn  net.Conn
	lines *bufio.Reader
	tag   int
}

// Login opens a session with the usual password.
func (s *Server) Login(user string) (*Session, error) { return s.LoginWith(user, Password) }

// LoginWith opens a session with another password.
func (s *Server) LoginWith(user, password string) (*Session, error) {
	conn, err := net.Dial("tcp", s.IMAP)
	if err != nil {
		return nil, err
	}
	session := &Session{conn: conn, lines: bufio.NewReader(conn)}
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err = session.lines.ReadString('\n'); err == nil { // the greeting
		_, err = session.Do("LOGIN " + user + " " + password)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return session, nil
}

// Do sends one command (RFC 3501), without its tag, and returns the untagged lines
// that came before its OK.
func (s *Session) Do(command string) (untagged []string, err error) {
	s.tag++
	tag := fmt.Sprintf("s%d", s.tag)
	_ = s.conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := fmt.Fprintf(s.conn, "%s %s\r\n", tag, command); err != nil {
		return nil, err
	}
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return untagged, err
		}
		line = strings.TrimRight(line, "\r\n")
		answer, ours := strings.CutPrefix(line, tag+" ")
		switch {
		case !ours:
			untagged = append(untagged, line)
		case strings.HasPrefix(answer, "OK"):
			return untagged, nil
		default:
			return untagged, fmt.Errorf("%s: %s", strings.SplitN(command, "\r\n", 2)[0], answer)
		}
	}
}

// Append puts a mail into a folder, as a program does that has sent one.
func (s *Session) Append(folder, subject string) error {
	text := Message(subject)
	// A literal that is not waited for (RFC 7888).
	_, err := s.Do(fmt.Sprintf("APPEND %q {%d+}\r\n%s", folder, len(text), text))
	return err
}

// Close logs out.
func (s *Session) Close() error {
	_, err := s.Do("LOGOUT")
	if closed := s.conn.Close(); err == nil {
		err = closed
	}
	return err
}
