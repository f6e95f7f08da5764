package lab

import (
	"slices"
	"strconv"
)

// wireTime is how ActiveSync writes a time (MS-ASDTYPE 2.3).
const wireTime = "2006-01-02T15:04:05.000Z"

// properties is the item's ApplicationData for a protocol version. With onlyMarks it is what changes in a mail.
func (it *item) properties(version int, onlyMarks bool) []*node {
	switch {
	case it.mail == nil:
		return it.data
	case onlyMarks:
		return append([]*node{leaf(emailRead, flag(it.mail.Read))}, it.data...)
	}
	m := it.mail
	p := []*node{
		leaf(emailTo, m.To), leaf(emailFrom, m.From), leaf(emailSubject, m.Subject),
		leaf(emailReceived, it.received.UTC().Format(wireTime)), leaf(emailRead, flag(m.Read)),
		leaf(emailClass, "IPM.Note"),
	}
	p = append(p, it.data...)
	if version < 120 {
		return append(p, m.oldAttachments(), leaf(emailBody, m.Body))
	}
	return append(p, m.attachments(), el(baseBody, leaf(baseType, "1"),
		leaf(baseEstimatedSize, strconv.Itoa(len(m.Body))), leaf(baseData, m.Body)))
}

// attachments lists them as versions from 12.0 on do (MS-ASAIRS); nil without any.
func (m *Mail) attachments() *node {
	if len(m.Attachments) == 0 {
		return nil
	}
	list := el(baseAttachments)
	for _, a := range m.Attachments {
		list.add(el(baseAttachment, leaf(baseDisplayName, a.Name), leaf(baseFileReference, a.Reference),
			leaf(baseMethod, "1"), leaf(baseEstimatedSize, strconv.FormatInt(a.Length(), 10))))
	}
	return list
}

// oldAttachments lists them as 2.5 does.
func (m *Mail) oldAttachments() *node {
	if len(m.Attachments) == 0 {
		return nil
	}
	list := el(emailAttachments)
	for _, a := range m.Attachments {
		list.add(el(emailAttachment, leaf(emailAttMethod, "1"), leaf(emailAttSize, strconv.FormatInt(a.Length(), 10)),
			leaf(emailDisplayName, a.Name), leaf(emailAttName, a.Reference)))
	}
	return list
}

// set takes one property that a client changed. Of a mail, only marks can be.
func (it *item) set(p *node) {
	if it.mail != nil && p.tag == emailRead {
		it.mail.Read = string(p.text) == "1"
		return
	}
	if it.mail != nil && p.tag != emailFlag {
		return
	}
	i := slices.IndexFunc(it.data, func(old *node) bool { return old.tag == p.tag })
	if i < 0 {
		it.data = append(it.data, p)
		return
	}
	it.data = slices.Clone(it.data) // an answer that is being written may hold the old list
	it.data[i] = p
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
