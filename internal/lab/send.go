package lab

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
)

// sendMail is SendMail, SmartReply and SmartForward (MS-ASCMD 2.2.1.17, 19, 20): it delivers to the users named in the
// message and forgets the rest, there being no world outside. Reply and Forward do not add the original message.
func (c *call) sendMail() *answer {
	mime, save, id := c.body, c.env.SaveInSent, ""
	if c.doc != nil {
		mime, save, id = nil, c.doc.child(mailSave) != nil, c.doc.value(mailClientID)
		if m := c.doc.child(mailMime); m != nil {
			mime = m.text
		}
	}
	cmd := commands[strings.ToLower(c.env.CommandName)]
	m, to, err := readMIME(mime)
	if err != nil {
		return c.common(cmd, 107) // the MIME is invalid; in 12.1 and before HTTP 400 (MS-ASCMD 2.2.2)
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	// A phone that lost the answer sends the mail again: delivered twice, everybody would notice (MS-ASCMD 2.2.1.17).
	if id != "" && c.device.sentBefore(id) {
		return statusOnly(cmd, statusSentBefore)
	}
	for _, address := range to {
		if box := c.server.boxes[c.server.local(address)]; box != nil {
			box.deliver(box.byID(inboxID), m, nil)
		}
	}
	if save {
		c.box.deliver(c.box.byID(sentID), m, c.device)
	}
	return empty()
}

// local is the user that an address belongs to, "" for one of another domain.
func (s *Server) local(address string) string {
	user, domain, _ := strings.Cut(address, "@")
	if !strings.EqualFold(domain, s.cfg.Domain) {
		return ""
	}
	return user
}

// Address is where mail for a user goes.
func (s *Server) Address(user string) string { return user + "@" + s.cfg.Domain }

// readMIME reads a message as far as the lab shows it again: who, what, the first text and the attachments.
func readMIME(raw []byte) (m Mail, to []string, err error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m, nil, err
	}
	words := mime.WordDecoder{}
	m.From, m.To = msg.Header.Get("From"), msg.Header.Get("To")
	if m.Subject, err = words.DecodeHeader(msg.Header.Get("Subject")); err != nil {
		m.Subject = msg.Header.Get("Subject")
	}
	for _, name := range []string{"To", "Cc", "Bcc"} {
		list, err := msg.Header.AddressList(name)
		if err != nil && !errors.Is(err, mail.ErrHeaderNotPresent) {
			return m, nil, err
		}
		for _, a := range list {
			if !slices.Contains(to, a.Address) {
				to = append(to, a.Address)
			}
		}
	}
	return m, to, m.readPart(msg.Header.Get, msg.Body, 0)
}

// mimeDepth bounds multiparts in multiparts.
const mimeDepth = 8

// readPart takes one part: a multipart's parts, an attachment, or the text.
func (m *Mail) readPart(header func(string) string, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < mimeDepth {
		return m.readParts(multipart.NewReader(body, params["boundary"]), depth)
	}
	data, err := io.ReadAll(decoded(header("Content-Transfer-Encoding"), body))
	if err != nil {
		return err
	}
	_, disposition, _ := mime.ParseMediaType(header("Content-Disposition"))
	switch name := disposition["filename"]; {
	case name != "":
		m.Attachments = append(m.Attachments, Attachment{Name: name, ContentType: kind, Data: data})
	case m.Body == "":
		m.Body = string(data)
	}
	return nil
}

func (m *Mail) readParts(r *multipart.Reader, depth int) error {
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := m.readPart(p.Header.Get, p, depth+1); err != nil {
			return err
		}
	}
}

// decoded undoes a Content-Transfer-Encoding.
func decoded(encoding string, r io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	}
	return r
}
