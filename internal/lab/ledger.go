package lab

import (
	"maps"
	"strconv"
)

// ledger is what a device has of something, by id and version, under the key that the server handed out for it. It
// is the SyncKey mechanism of MS-ASCMD 3.1.5.3: the last key and the one before are good. The one before means that
// the last answer was lost on the way, so the device still has what it had then.
type ledger struct {
	key, before   int // 0 = none
	have, hadOnce map[string]uint64
}

// open gives what the device that shows this key has. known is false for a key that was never given or is too old.
func (l *ledger) open(key string) (have map[string]uint64, known bool) {
	n, err := strconv.Atoi(key)
	switch {
	case err != nil || n < 0:
		return nil, false
	case n == 0:
		return map[string]uint64{}, true
	case n == l.key:
		return l.have, true
	case n == l.before:
		return l.hadOnce, true
	}
	return nil, false
}

// commit hands out the next key. shown is the key that was opened, have what it stood for, next what the device
// will have when it got the answer.
func (l *ledger) commit(shown string, have, next map[string]uint64) string {
	l.before, _ = strconv.Atoi(shown)
	l.hadOnce = have
	l.key = max(l.key, l.before) + 1
	l.have = next
	return strconv.Itoa(l.key)
}

// now is what the device has if it got every answer: the point that a Ping compares with (MS-ASCMD 3.1.5.8).
func (l *ledger) now() map[string]uint64 { return l.have }

// forget makes every key unknown, as a server does that lost its state. Keys are never given twice.
func (l *ledger) forget() {
	l.key, l.before = l.key+1, 0
	l.have, l.hadOnce = nil, nil
}

// copyOf is a have that may be changed.
func copyOf(have map[string]uint64) map[string]uint64 {
	c := maps.Clone(have)
	if c == nil {
		c = map[string]uint64{}
	}
	return c
}
