package redis

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

const (
	// mergesAtOnce bounds what the networks cost, however many there are: 500 in five
	// seconds; the others have their turn later.
	mergesAtOnce = 500

	// mergeTries is how often somebody may be faster before the next turn.
	mergeTries = 5
)

// merge shares what is learned of networks until the store stops.
func (s *Store) merge() {
	for s.config.Networks != nil && s.pause(s.config.pace.merge) {
		if s.up.Load() {
			s.mergeDue()
		}
	}
}

// mergeDue merges the networks that this node has news of, and those that others had
// news of since.
func (s *Store) mergeDue() {
	if s.config.Networks == nil {
		return
	}
	s.merging.Lock()
	defer s.merging.Unlock()
	err := s.mergeOwn()
	if err == nil {
		err = s.mergeOthers()
	}
	s.failed(err)
}

// mergeOwn merges what this node has news of, and what Redis may have lost.
func (s *Store) mergeOwn() error {
	due := s.config.Networks.Untold()
	due = due[:min(len(due), mergesAtOnce)]
	more := s.review[:min(len(s.review), mergesAtOnce-len(due))]
	for _, n := range append(due, more...) {
		if err := s.mergeOne(s.seal.network(n), n); err != nil {
			return err
		}
	}
	s.review = s.review[len(more):]
	return nil
}

// mergeOthers merges what other nodes had news of.
func (s *Store) mergeOthers() error {
	changed, err := s.changes.since(s)
	for _, c := range changed {
		if err == nil {
			err = s.mergeOne(c.name, heartbeat.Network{})
		}
		if err == nil {
			s.changes.took(c)
		}
	}
	return err
}

// reviewNetworks looks at all that is known once more: Redis may be another one.
func (s *Store) reviewNetworks() {
	s.merging.Lock()
	defer s.merging.Unlock()
	s.changes.upto = 0
	s.review = nil
	if s.config.Networks != nil {
		s.review = slices.Collect(s.config.Networks.All)
	}
}

// kept is a network as it is in Redis.
type kept struct {
	version string
	network heartbeat.Network
	shared  heartbeat.Shared // zero: nothing is known, or nothing that can be believed
}

// mergeOne brings a network to what all nodes know of it; own is how this node calls
// it, if it does.
func (s *Store) mergeOne(name string, own heartbeat.Network) error {
	for range mergeTries {
		is, err := s.readNetwork(name)
		if err != nil {
			return err
		}
		if is.network.Name == "" {
			is.network = own
		}
		if is.network.Name == "" {
			return nil // it is gone, or not to be believed, and we know nothing of it
		}
		to, news := s.config.Networks.Merge(time.Now(), is.network, is.shared)
		if !news {
			s.config.Networks.Told(to)
			return nil
		}
		at, err := s.keepNetwork(name, is.version, to)
		if err != nil {
			return err
		}
		if at > 0 {
			s.config.Networks.Told(to)
			return s.changes.list(s, change{name, at})
		}
	}
	return nil
}

func (s *Store) readNetwork(name string) (k kept, err error) {
	ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
	defer cancel()
	is, err := fields.Run(ctx, s.client, []string{name}, mostRead, "version", "state").StringSlice()
	s.config.Metrics.sent(opNetwork, 1)
	if misplaced(err) {
		s.clear(ctx, name)
		return k, nil
	}
	if err != nil {
		return k, err
	}
	var sealed string
	k.version, sealed = is[0], is[1]
	if sealed == "" {
		return k, nil
	}
	text, err := s.seal.open(name, []byte(sealed))
	if err != nil || json.Unmarshal(text, &k.shared) != nil || s.seal.network(k.shared.Network.Network) != name {
		s.config.Metrics.refused.Inc()
		k.shared = heartbeat.Shared{}
		return k, nil
	}
	k.network = k.shared.Network.Network
	return k, nil
}

// keepNetwork says when, by the clock of Redis; 0: somebody was faster.
func (s *Store) keepNetwork(name, version string, to heartbeat.Shared) (at int64, err error) {
	text, err := json.Marshal(to)
	if err != nil {
		panic("BUG: redis: " + err.Error())
	}
	sealed, err := s.seal.close(name, text)
	if err != nil {
		return 0, nil // no network is so large
	}
	if version == "" || strings.Trim(version, "0123456789") != "" {
		version = "0"
	}
	ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
	defer cancel()
	at, err = keep.Run(ctx, s.client, []string{name}, version, sealed, keptFor.Milliseconds()).Int64()
	s.config.Metrics.sent(opNetwork, 1)
	return at, err
}
