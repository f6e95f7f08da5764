package eas

import "strings"

// parsePlain reads Cmd=...&User=...&DeviceId=...&DeviceType=... The ABNF of
// MS-ASHTTP 2.2.1.1.1.2 fixes an order; iOS puts Cmd last, so any order is taken.
//
// net/url is not used: it drops a pair with a bad '%' or a ';' altogether, and
// a device whose user is "100%" would lose its name.
func parsePlain(rawQuery string) (Envelope, error) {
	e := Envelope{Command: CommandUnknown}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		e.set(unescape(name), unescape(value))
	}
	if e.CommandName == "" {
		return e, errNoCommand
	}
	e.Command, _ = ParseCommand(e.CommandName)
	return e, nil
}

// set stores one pair. The first of two equal names counts.
func (e *Envelope) set(name, value string) {
	if strings.EqualFold(name, "SaveInSent") {
		e.SaveInSent = strings.EqualFold(value, "T") // MS-ASHTTP 2.2.1.1.1.2.5
		return
	}
	if field := e.field(name); field != nil && *field == "" {
		*field = value
	}
}

// field finds where a parameter belongs, nil for one that is not ours.
func (e *Envelope) field(name string) *string {
	switch {
	case strings.EqualFold(name, "Cmd"):
		return &e.CommandName
	case strings.EqualFold(name, "User"):
		return &e.User
	case strings.EqualFold(name, "DeviceId"):
		return &e.DeviceID
	case strings.EqualFold(name, "DeviceType"):
		return &e.DeviceType
	case strings.EqualFold(name, "AttachmentName"):
		return &e.AttachmentName
	case strings.EqualFold(name, "CollectionId"):
		return &e.CollectionID
	case strings.EqualFold(name, "ItemId"):
		return &e.ItemID
	case strings.EqualFold(name, "LongId"):
		return &e.LongID
	case strings.EqualFold(name, "Occurrence"):
		return &e.Occurrence
	}
	return nil
}

// unescape undoes percent-encoding and nothing else: '+' stays '+', because
// phones send addresses like a+b@example.com raw, and a '%' that starts no
// escape stays as it is. It does not allocate where there is no '%'.
func unescape(s string) string {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	out := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, okHigh := hexDigit(s[i+1])
			low, okLow := hexDigit(s[i+2])
			if okHigh && okLow {
				out = append(out, high<<4|low)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
