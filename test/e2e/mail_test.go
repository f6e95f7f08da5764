package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"testing"
)

func TestSendMailReachesTheOtherUsersInbox(t *testing.T) {
	t.Parallel()
	e := startEdge(t, front())
	from, to := newPhone(t, e.door(), server.user(t), "FROM"), newPhone(t, e.door(), server.user(t), "TO").start()
	sendMail(from, message(from.user, to.user, "by phone", nil))
	came := to.sync()
	if len(came) != 1 || came[0].get("Email:Subject") != "by phone" {
		t.Fatalf("the other user's Inbox has %v", came)
	}
}

// A file of 20 MiB is 27 MiB on the wire, in either direction. It is compared
// byte for byte on all ways that the protocol has: up in an OPAQUE of a
// document or as a bare message, down bare, in a document or in a multipart.
func TestAnAttachmentOf20MiBGoesUpAndDownByteForByte(t *testing.T) {
	t.Parallel()
	e := startEdge(t, front())
	from, to := newPhone(t, e.door(), server.user(t), "FROM"), newPhone(t, e.door(), server.user(t), "TO").start()
	for name, send := range map[string]func(*phone, []byte){"in a document": sendMail, "bare": sendMailBare} {
		file := make([]byte, 20<<20)
		rand.Read(file)
		send(from, message(from.user, to.user, "big, "+name, file))
		came := to.sync()
		if len(came) != 1 {
			t.Fatalf("%s: the other user's Inbox has %v", name, came)
		}
		reference := came[0].get("AirSyncBase:FileReference")
		for way, fetch := range map[string]func(*phone, string) []byte{
			"GetAttachment": getAttachment, "ItemOperations": fetchInDocument, "multipart": fetchMultipart} {
			if got := fetch(to, reference); !bytes.Equal(got, file) {
				t.Errorf("up %s, down by %s: %d bytes that are not the %d sent", name, way, len(got), len(file))
			}
		}
	}
}

// message is a mail, with an attachment if file is not nil.
func message(from, to, subject string, file []byte) []byte {
	var m bytes.Buffer
	fmt.Fprintf(&m, "From: %s@example.test\r\nTo: %s@example.test\r\nSubject: %s\r\nMIME-Version: 1.0\r\n", from, to, subject)
	fmt.Fprintf(&m, "Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\nhello\r\n")
	if file != nil {
		fmt.Fprintf(&m, "--cut\r\nContent-Type: application/octet-stream; name=file.bin\r\nContent-Transfer-Encoding: base64\r\n")
		fmt.Fprintf(&m, "Content-Disposition: attachment; filename=file.bin\r\n\r\n")
		for text := base64.StdEncoding.EncodeToString(file); text != ""; {
			n := min(76, len(text))
			m.WriteString(text[:n] + "\r\n")
			text = text[n:]
		}
	}
	m.WriteString("--cut--\r\n")
	return m.Bytes()
}

// sendMail is MS-ASCMD 2.2.1.17 of 14.0 and later.
func sendMail(p *phone, message []byte) {
	p.t.Helper()
	sent(p, p.send("SendMail", el("ComposeMail:SendMail", el("ComposeMail:ClientId", rand.Text()), el("ComposeMail:Mime", message))))
}

// sendMailBare is that of 12.1 and before.
func sendMailBare(p *phone, message []byte) {
	p.t.Helper()
	sent(p, p.raw(p.t.Context(), "POST", p.query("SendMail").Encode(), message,
		http.Header{"Content-Type": {"message/rfc822"}, "Ms-Asprotocolversion": {"12.1"}}))
}

func sent(p *phone, a answer) {
	p.t.Helper()
	if a.status != http.StatusOK || len(a.body) != 0 {
		p.t.Fatalf("SendMail: HTTP %d: %.200q", a.status, a.body)
	}
}

// getAttachment is MS-ASCMD 2.2.1.9: the file is the whole body.
func getAttachment(p *phone, reference string) []byte {
	query := p.query("GetAttachment")
	query.Set("AttachmentName", reference)
	return p.raw(p.t.Context(), "POST", query.Encode(), nil, http.Header{"Ms-Asprotocolversion": {"12.1"}}).body
}

func fetchRequest(p *phone, reference string, header http.Header) answer {
	body := el("ItemOperations:ItemOperations", el("ItemOperations:Fetch",
		el("ItemOperations:Store", "Mailbox"), el("AirSyncBase:FileReference", reference))).encode()
	return p.raw(p.t.Context(), "POST", p.query("ItemOperations").Encode(), body, header)
}

// fetchInDocument is MS-ASCMD 2.2.1.10: the file is base64 in ItemOperations:Data.
func fetchInDocument(p *phone, reference string) []byte {
	doc := fetchRequest(p, reference, http.Header{"Content-Type": {wbxmlType}}).doc(p.t)
	file, err := base64.StdEncoding.DecodeString(doc.get("ItemOperations:Data"))
	if err != nil {
		p.t.Errorf("ItemOperations:Data is not base64: %v", err)
	}
	return file
}

// fetchMultipart is MS-ASCMD 2.2.1.10.1: a count, offset and length of each part
// as 32-bit little-endian numbers, then the parts; the second one is the file.
func fetchMultipart(p *phone, reference string) []byte {
	body := fetchRequest(p, reference, http.Header{"Content-Type": {wbxmlType}, "Ms-Asacceptmultipart": {"T"}}).body
	if len(body) < 20 || binary.LittleEndian.Uint32(body) != 2 {
		p.t.Errorf("no multipart of two parts: %.40q", body)
		return nil
	}
	start, length := binary.LittleEndian.Uint32(body[12:]), binary.LittleEndian.Uint32(body[16:])
	if uint64(start)+uint64(length) > uint64(len(body)) {
		p.t.Errorf("the second part lies outside the body: %d + %d of %d", start, length, len(body))
		return nil
	}
	return body[start : start+length]
}
