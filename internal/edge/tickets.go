package edge

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// A ticket key seals what a client keeps of its TLS session, and so decides who can
// resume it (RFC 8446 4.6.1, RFC 5077). Resuming spares a phone a round trip and the
// server its signature, which counts when thousands come back after a restart. Who
// has a key can read the sessions that were resumed with it alone, so keys are
// short-lived, and the store that keeps them is as secret as a private key.
type ticketKey struct {
	Key  []byte    `json:"key"`  // 32 bytes
	From time.Time `json:"from"` // seals from then on, until the next one does
}

const (
	// ticketEvery is how long a key seals: what is sealed with it can be read by whoever
	// steals it within a day or two, and not what was said last month.
	ticketEvery = 24 * time.Hour

	// ticketAhead is how long a key lies on the shelf before it is used, so that every
	// node has it by then: a ticket that one node seals is opened by the next.
	ticketAhead = time.Hour

	// ticketKept is how long tickets are taken after their key has stopped sealing.
	// Phones come back within the hour; one that was off for longer shakes hands in full.
	ticketKept = 24 * time.Hour

	// ticketMost bounds what a shelf may hand us. Three or four is usual.
	ticketMost = 8
)

// rotate drops keys that are too old, and adds the next when it is due.
func rotate(keys []ticketKey, now time.Time) []ticketKey {
	keys = slices.Clone(keys)
	slices.SortStableFunc(keys, func(a, b ticketKey) int { return a.From.Compare(b.From) })
	for len(keys) > 1 && now.Sub(keys[1].From) >= ticketKept || len(keys) > ticketMost {
		keys = keys[1:]
	}
	switch last := len(keys) - 1; {
	case last < 0:
		keys = append(keys, newTicketKey(now))
	case keys[last].From.After(now.Add(ticketEvery)): // a clock that was far ahead: it would never rotate again
		keys = append(keys[:last], newTicketKey(now))
	case !keys[last].From.Add(ticketEvery - ticketAhead).After(now):
		next := keys[last].From.Add(ticketEvery)
		if next.Before(now) { // nobody was there to make it in time
			next = now
		}
		keys = append(keys, newTicketKey(next))
	}
	return keys
}

func newTicketKey(from time.Time) ticketKey {
	k := ticketKey{Key: make([]byte, 32), From: from.UTC().Truncate(time.Second)}
	_, _ = rand.Read(k.Key) // it never fails: crypto/rand ends the program instead
	return k
}

// merge has the keys of both: two nodes that could not reach the shelf have made
// their own, and each has sealed with them.
func merge(a, b []ticketKey) []ticketKey {
	all := slices.Clone(a)
	for _, k := range b {
		if !slices.ContainsFunc(all, func(known ticketKey) bool { return bytes.Equal(known.Key, k.Key) }) {
			all = append(all, k)
		}
	}
	return all
}

// inForce are the keys for crypto/tls: the first seals, all open.
func inForce(keys []ticketKey, now time.Time) [][32]byte {
	var set [][32]byte
	for _, k := range keys {
		if key := [32]byte(k.Key); k.From.After(now) {
			set = append(set, key)
		} else { // they are in order: the last one that has begun comes first
			set = append([][32]byte{key}, set...)
		}
	}
	return set
}

func parseTicketKeys(data []byte) ([]ticketKey, error) {
	var keys []ticketKey
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, fmt.Errorf("the keys of session tickets: %w", err)
	}
	for _, k := range keys {
		if len(k.Key) != 32 {
			return nil, fmt.Errorf("the keys of session tickets: one has %d bytes, not 32", len(k.Key))
		}
	}
	return keys, nil
}
