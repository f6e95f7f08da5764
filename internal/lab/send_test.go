package lab

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"io"
	"strings"
	"testing"
)

func composed(to, id, subject string) *node {
	mime := leaf(mailMime, "From: anna@lab.test\r\nTo: "+to+"\r\nSubject: "+subject+"\r\n\r\nhello\r\n")
	mime.raw = true
	return el(mailSend, leaf(mailClientID, id), el(mailSave), mime)
}

func TestSendMailDeliversOnceToEachLocalAddressAndKeepsACopy(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		g := w.post("SendMail", composed("Bert <bert@lab.test>, x@elsewhere.test", "m1", "=?utf-8?q?gr=C3=BCsse?="))
		if g.code != 200 || g.length != 0 {
			t.Fatalf("%d with %d bytes, want an empty 200", g.code, g.length)
		}
		inbox := w.server.Mails("bert", "")
		if len(inbox) != 1 || inbox[0].Subject != "grüsse" || inbox[0].Body != "hello\r\n" {
			t.Fatalf("bert has %+v", inbox)
		}
		if sent := w.server.Mails("anna", "Sent Items"); len(sent) != 1 {
			t.Errorf("%d in Sent Items", len(sent))
		}
		w.want(w.post("SendMail", composed("bert@lab.test", "m1", "again")), mailStatus, "118", 0)
		if n := len(w.server.Mails("bert", "")); n != 1 {
			t.Errorf("sent twice: %d", n)
		}
	})
}

func TestUpTo12Point1SendMailIsAPlainMessage(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.kind = "12.1"
		r := w.request(context.Background(), "SendMail&SaveInSent=T", el(mailSend))
		message := "To: bert@lab.test\r\nSubject: old way\r\n\r\nhello\r\n"
		r.Body, r.ContentLength = readCloser([]byte(message)), int64(len(message))
		r.Header.Set("Content-Type", "message/rfc822")
		if g := w.do(r); g.code != 200 || g.length != 0 {
			t.Fatalf("%d with %d bytes", g.code, g.length)
		}
		if len(w.server.Mails("bert", "")) != 1 || len(w.server.Mails("anna", "6")) != 1 {
			t.Error("not delivered, or not kept")
		}
	})
}

// A file sent as a MIME part comes back byte for byte, in each of the three ways to fetch it.
func TestAnAttachmentGoesUpAndComesBackByteForByte(t *testing.T) {
	file := make([]byte, 100_001)
	io.ReadFull((&Attachment{Name: "random", Size: 1 << 20}).Open(), file)
	inWorld(t, ServerConfig{}, func(w *world) {
		mime := "To: anna@lab.test\r\nSubject: file\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
			"--b\r\nContent-Type: text/plain\r\n\r\nsee file\r\n" +
			"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n" +
			"Content-Disposition: attachment; filename=a.pdf\r\n\r\n" + base64.StdEncoding.EncodeToString(file) + "\r\n--b--\r\n"
		part := leaf(mailMime, mime)
		part.raw = true
		if g := w.post("SendMail", el(mailSend, part)); g.code != 200 {
			t.Fatalf("%d", g.code)
		}
		_, came := w.syncAll("5", "0")
		a := came[0].child(syncData, baseAttachments, baseAttachment)
		reference := a.value(baseFileReference)
		if a.value(baseEstimatedSize) != "100001" || a.value(baseDisplayName) != "a.pdf" {
			t.Fatalf("attachment %v", a)
		}
		fetch := el(itemRoot, el(itemFetch, leaf(itemStore, "Mailbox"), leaf(baseFileReference, reference)))

		g := w.post("ItemOperations", fetch)
		inline, err := base64.StdEncoding.DecodeString(g.doc.value(itemResponse, itemFetch, itemProperties, itemData))
		if err != nil || !bytes.Equal(inline, file) || g.length != int64(len(g.body)) {
			t.Errorf("inline: %d bytes, %v", len(inline), err)
		}

		w.header["MS-ASAcceptMultiPart"] = []string{"T"}
		g = w.post("ItemOperations", fetch)
		at, n := binary.LittleEndian.Uint32(g.body[12:]), binary.LittleEndian.Uint32(g.body[16:])
		if g.header.Get("Content-Type") != "application/vnd.ms-sync.multipart" || !bytes.Equal(g.body[at:at+n], file) {
			t.Errorf("multipart: %q, part of %d bytes", g.header.Get("Content-Type"), n)
		}

		g = w.post("GetAttachment&AttachmentName="+strings.ReplaceAll(reference, ":", "%3A"), nil)
		if g.header.Get("Content-Type") != "application/pdf" || !bytes.Equal(g.body, file) {
			t.Errorf("GetAttachment: %q, %d bytes", g.header.Get("Content-Type"), len(g.body))
		}
	})
}

func TestGeneratedAttachmentsOfAnySizeAreStreamed(t *testing.T) {
	const size = 8_000_000
	inWorld(t, ServerConfig{}, func(w *world) {
		file := Attachment{Name: "big.bin", Size: size}
		id, _ := w.server.Deliver("anna", "", Mail{Attachments: []Attachment{file}})
		g := w.post("GetAttachment&AttachmentName="+id+":0", nil)
		want, _ := io.ReadAll(file.Open())
		if g.length != size || !bytes.Equal(g.body, want) {
			t.Errorf("%d of %d bytes, equal %v", len(g.body), size, bytes.Equal(g.body, want))
		}
		if g := w.post("GetAttachment&AttachmentName="+id+":1", nil); g.code != 500 {
			t.Errorf("a file that is not there: %d, want 500", g.code)
		}
	})
}

func TestItemOperationsFetchesAMailOrSaysThatItIsGone(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		id := w.deliver("one")
		for ask, status := range map[string]string{id: "1", "5:99": "6"} {
			g := w.post("ItemOperations", el(itemRoot, el(itemFetch, leaf(itemStore, "Mailbox"),
				leaf(syncCollectionID, "5"), leaf(syncServerID, ask))))
			f := g.doc.child(itemResponse, itemFetch)
			if f.value(itemStatus) != status || (status == "1" && f.value(itemProperties, emailSubject) != "one") {
				t.Errorf("%s: %v", ask, f)
			}
		}
	})
}
