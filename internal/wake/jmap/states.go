package jmap

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"strconv"

	"github.com/diastole/diastole/internal/wake"
)

// stateChange is what a server tells (RFC 8620 7.1): account -> type -> state.
type stateChange map[string]map[string]string

// known is the last state of each slot that was heard of. It is bounded by what one
// session may have, and holds hashes: a state may be a string of any length.
type known map[[2]string]uint64

var seed = maphash.MakeSeed()

// take notes new states and gives the classes that they concern. A state that is
// known already concerns nobody.
func (k known) take(said stateChange, slots []slot) (classes wake.Classes) {
	if len(k) > 2*len(slots) { // of sessions before, whose accounts had other names
		clear(k)
	}
	for _, s := range slots {
		state, told := said[s.account][s.name]
		if !told {
			continue
		}
		key, sum := [2]string{s.account, s.name}, maphash.String(seed, state)
		if old, has := k[key]; !has || old != sum {
			k[key] = sum
			classes |= s.classes
		}
	}
	return classes
}

// missed asks for the states as they are and gives the classes in which something has
// changed since they were heard of. Where the server does not say: all of them.
// It is to be called when the server has begun to tell, so that nothing falls between.
func (l *line) missed(ctx context.Context, c *client, s *session) wake.Classes {
	var calls []invocation
	for i, slot := range s.slots {
		if slot.get {
			// RFC 8620 5.1: no ids, no objects, but the state
			args, _ := json.Marshal(map[string]any{"accountId": slot.account, "ids": []string{}})
			calls = append(calls, invocation{slot.name + "/get", args, strconv.Itoa(i)})
		}
	}
	said, err := c.call(ctx, s, calls...)
	now := stateChange{}
	for _, answer := range said {
		i, bad := strconv.Atoi(answer.id)
		if bad != nil || i < 0 || i >= len(s.slots) || answer.name != s.slots[i].name+"/get" {
			continue
		}
		var args struct{ State string }
		if json.Unmarshal(answer.args, &args) != nil || args.State == "" {
			continue
		}
		of := s.slots[i]
		if now[of.account] == nil {
			now[of.account] = map[string]string{}
		}
		now[of.account][of.name] = args.State
	}
	l.source.mu.Lock()
	defer l.source.mu.Unlock()
	classes := l.known.take(now, s.slots)
	for _, slot := range s.slots {
		if _, told := now[slot.account][slot.name]; slot.get && (err != nil || !told) {
			classes |= slot.classes
		}
	}
	return classes
}
