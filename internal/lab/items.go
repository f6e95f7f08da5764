package lab

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
)

// getAttachment gives a file's bytes as they are (MS-ASCMD 2.2.1.7, up to 14.0).
func (c *call) getAttachment() *answer {
	a := c.attachment(c.env.AttachmentName)
	if a == nil {
		return refuse(500) // what MS-ASCMD 2.2.1.7 says for a name that is wrong
	}
	return &answer{code: 200, header: map[string][]string{"Content-Type": {contentType(a)}},
		stream: a.Open(), size: a.Length()}
}

func contentType(a *Attachment) string {
	if a.ContentType == "" {
		return "application/octet-stream"
	}
	return a.ContentType
}

// attachment finds a file by its reference, "5:12:0": the item and the number in it.
func (c *call) attachment(reference string) *Attachment {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	i := strings.LastIndexByte(reference, ':')
	if i < 0 {
		return nil
	}
	it := c.box.find(reference[:i])
	n, err := strconv.Atoi(reference[i+1:])
	if it == nil || it.mail == nil || err != nil || n < 0 || n >= len(it.mail.Attachments) {
		return nil
	}
	a := it.mail.Attachments[n]
	return &a
}

// dataMark stands in the document where the file's base64 goes, so that it is written from the file and not from
// memory. It cannot be part of base64 nor of a name.
const dataMark = "\x01data\x01"

// itemOperations fetches one file or one item (MS-ASCMD 2.2.1.10): inline, or as multipart where it is asked for.
func (c *call) itemOperations() *answer {
	fetch := c.doc.child(itemFetch)
	if fetch == nil {
		return statusOnly(commands["itemoperations"], 2)
	}
	if fetch.child(baseFileReference) == nil {
		return c.fetchItem(fetch)
	}
	reference := fetch.value(baseFileReference)
	a := c.attachment(reference)
	switch {
	case a == nil:
		return fetched("15", leaf(baseFileReference, reference)) // 15: not found
	case c.env.AcceptMultipart:
		return c.multipart(reference, a)
	}
	doc := fetched("1", leaf(baseFileReference, reference), el(itemProperties,
		leaf(baseContentType, contentType(a)), leaf(itemTotal, strconv.FormatInt(a.Length(), 10)), leaf(itemData, dataMark)))
	before, after, _ := bytes.Cut(doc.body, []byte(dataMark))
	doc.stream = io.MultiReader(bytes.NewReader(before), &encoded{from: a.Open()}, bytes.NewReader(after))
	doc.size = int64(len(before)+len(after)) + base64Length(a.Length())
	return doc
}

// encoded reads a file as base64.
type encoded struct {
	from  io.Reader
	plain [3 << 10]byte // a multiple of 3: padding only at the end
	text  []byte
}

func (e *encoded) Read(p []byte) (int, error) {
	if len(e.text) == 0 {
		n, err := io.ReadFull(e.from, e.plain[:])
		if n == 0 {
			return 0, err
		}
		e.text = base64.StdEncoding.AppendEncode(nil, e.plain[:n])
	}
	n := copy(p, e.text)
	e.text = e.text[n:]
	return n, nil
}

func base64Length(n int64) int64 { return (n + 2) / 3 * 4 }

// fetched is an answer with one Fetch in it.
func fetched(status string, kids ...*node) *answer {
	return reply(el(itemRoot, leaf(itemStatus, "1"), el(itemResponse,
		el(itemFetch, append([]*node{leaf(itemStatus, status)}, kids...)...))))
}

// fetchItem gives a mail or another item whole.
func (c *call) fetchItem(fetch *node) *answer {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	id := fetch.value(syncServerID)
	if id == "" {
		id = fetch.value(searchLongID)
	}
	it := c.box.find(id)
	if it == nil {
		return fetched("6", leaf(syncServerID, id)) // 6: not found
	}
	return fetched("1", leaf(syncCollectionID, it.folder.id), leaf(syncServerID, id),
		el(itemProperties, it.properties(c.version(), false)...))
}

// multipart puts document and file side by side: a count, then offset and length of each part, little-endian
// (MS-ASCMD 2.2.1.10.1).
func (c *call) multipart(reference string, a *Attachment) *answer {
	doc := fetched("1", leaf(baseFileReference, reference), el(itemProperties,
		leaf(baseContentType, contentType(a)), leaf(itemPart, "1")))
	var table [20]byte
	put := binary.LittleEndian.PutUint32
	put(table[0:], 2)
	put(table[4:], uint32(len(table)))
	put(table[8:], uint32(len(doc.body)))
	put(table[12:], uint32(len(table)+len(doc.body)))
	put(table[16:], uint32(a.Length()))
	doc.header["Content-Type"] = []string{"application/vnd.ms-sync.multipart"}
	doc.size = int64(len(table)+len(doc.body)) + a.Length()
	doc.stream = io.MultiReader(bytes.NewReader(table[:]), bytes.NewReader(doc.body), a.Open())
	return doc
}
