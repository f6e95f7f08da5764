package lab

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"
	"time"
)

// Send sends a mail with its attachments. From 14.0 on the message travels inside WBXML, before that as it is.
func (p *Phone) Send(ctx context.Context, m Mail) error { return p.send(ctx, m, true) }

// SendOnly is Send without a copy in the folder for sent mail.
func (p *Phone) SendOnly(ctx context.Context, m Mail) error { return p.send(ctx, m, false) }

func (p *Phone) send(ctx context.Context, m Mail, keep bool) error {
	message := m.mime()
	s := send{command: "SendMail", timeout: 10 * p.cfg.Timeout}
	if p.version() < 140 {
		s.body, s.kind = message, "message/rfc822"
		if keep {
			s.more = "&SaveInSent=T"
		}
		_, err := p.command(ctx, s, nil)
		return err
	}
	var save *node
	if keep {
		save = el(mailSave)
	}
	root, err := p.command(ctx, s, el(mailSend, leaf(mailClientID, strconv.FormatInt(time.Now().UnixNano(), 36)),
		save, &node{tag: mailMime, text: message, raw: true}))
	if err != nil || root == nil {
		return err
	}
	n, _ := strconv.Atoi(root.value(mailStatus))
	return &StatusError{"SendMail", n}
}

// boundary between the parts of a message. Base64 has no '=' but at its end, and a body line that is this is unlikely.
const boundary = "=_lab_part"

// mime writes the mail as a message.
func (m *Mail) mime() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nMIME-Version: 1.0\r\n",
		m.From, m.To, mime.QEncoding.Encode("utf-8", m.Subject))
	if len(m.Attachments) == 0 {
		fmt.Fprintf(&b, "Content-Type: text/plain; charset=utf-8\r\n\r\n%s", m.Body)
		return []byte(b.String())
	}
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=%q\r\n\r\n", boundary)
	fmt.Fprintf(&b, "--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", boundary, m.Body)
	for _, a := range m.Attachments {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: %s\r\n\r\n",
			boundary, contentType(&a), mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
		lines := bufio.NewScanner(&encoded{from: a.Open()})
		lines.Split(lines76)
		for lines.Scan() {
			b.Write(lines.Bytes())
			b.WriteString("\r\n")
		}
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return []byte(b.String())
}

// lines76 cuts base64 into the lines that RFC 2045 6.8 asks for.
func lines76(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if n := min(len(data), 76); n == 76 || (atEOF && n > 0) {
		return n, data[:n], nil
	}
	return 0, nil, nil
}

// Fetch opens an attachment by its reference: with GetAttachment before 14.0, otherwise with ItemOperations, where it
// comes as base64 inside the document. Close the reader.
func (p *Phone) Fetch(ctx context.Context, reference string) (io.ReadCloser, error) {
	s := send{command: "GetAttachment", more: "&AttachmentName=" + strings.ReplaceAll(reference, ":", "%3A"), timeout: 10 * p.cfg.Timeout}
	if p.version() < 140 {
		resp, cancel, err := p.open(ctx, s)
		if err != nil {
			return nil, err
		}
		return &closing{resp.Body, cancel}, nil
	}
	root, err := p.command(ctx, send{command: "ItemOperations", timeout: s.timeout}, el(itemRoot, el(itemFetch,
		leaf(itemStore, "Mailbox"), leaf(baseFileReference, reference))))
	if err != nil {
		return nil, err
	}
	f := root.child(itemResponse, itemFetch)
	if status := f.value(itemStatus); status != "1" {
		n, _ := strconv.Atoi(status)
		return nil, &StatusError{"ItemOperations", n}
	}
	return io.NopCloser(base64.NewDecoder(base64.StdEncoding, strings.NewReader(f.value(itemProperties, itemData)))), nil
}

// closing is a body whose request ends with it.
type closing struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (c *closing) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}
