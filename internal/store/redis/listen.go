package redis

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Word is what one node says to all others.
type Word struct {
	User    string // whose mail has changed, as the mail store names it
	Driver  string // which said so, as the source that heard it names it
	Classes uint8  // of folders, as the source has them
	Forget  string // a user who is to be forgotten
}

// mostWords is how many words wait to be said: beyond it they are dropped, and phones
// that wait elsewhere hear of their mail at the next look.
const mostWords = 4096

// saidBy is a word on its way.
type saidBy struct {
	Node string
	Word Word
}

// Say tells all other nodes something. It returns at once.
func (s *Store) Say(w Word) {
	text, err := json.Marshal(saidBy{s.config.Node, w})
	if err != nil {
		panic("BUG: redis: " + err.Error())
	}
	select {
	case s.words <- text:
	default:
		s.config.Metrics.dropped.Inc()
	}
}

// speak says what is to be said.
func (s *Store) speak() {
	for {
		var text []byte
		select {
		case <-s.ctx.Done():
			return
		case text = <-s.words:
		}
		sealed, err := s.seal.close(wordsTo, text)
		if err != nil || !s.up.Load() {
			s.config.Metrics.dropped.Inc() // nobody hears it: those who wait look for themselves
			continue
		}
		ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
		err = s.client.Publish(ctx, wordsTo, sealed).Err()
		cancel()
		s.config.Metrics.sent(opWord, 1)
		s.failed(err)
	}
}

// listen hears what is said to this node, and sees to it that Redis is there.
func (s *Store) listen() {
	for s.ctx.Err() == nil {
		err := s.hear()
		s.failed(err)
		if !s.pause(s.config.pace.health) {
			return
		}
	}
}

// hear listens until the connection breaks.
func (s *Store) hear() error {
	ears := s.client.Subscribe(s.ctx)
	defer ears.Close()
	defer context.AfterFunc(s.ctx, func() { _ = ears.Close() })() // a stop need not wait for the next word
	if err := s.subscribe(ears); err != nil {
		return err
	}
	s.table.hears() // what was said before may have gone unheard
	s.reviewNetworks()
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		err := s.watch(ctx, ears)
		_ = ears.Close() // it would connect anew by itself, and what was said between is unheard
		ended <- err
	}()
	for {
		said, err := ears.ReceiveTimeout(ctx, 3*s.config.pace.health)
		if err != nil {
			cancel()
			return errors.Join(err, <-ended)
		}
		if m, is := said.(*goredis.Message); is {
			s.heard(m)
		}
	}
}

// subscribe returns once Redis has said that we are heard.
func (s *Store) subscribe(ears *goredis.PubSub) error {
	ctx, cancel := context.WithTimeout(s.ctx, answerWithin)
	defer cancel()
	if err := ears.Subscribe(ctx, nodeChannel(s.config.Node), wordsTo); err != nil {
		return err
	}
	for range 2 {
		if _, err := ears.ReceiveTimeout(ctx, answerWithin); err != nil {
			return err
		}
	}
	return nil
}

// watch asks Redis again and again whether it is there, on the connection that we hear
// by and on the others.
func (s *Store) watch(ctx context.Context, ears *goredis.PubSub) error {
	for {
		if err := ears.Ping(ctx); err != nil {
			return err
		}
		err := s.tries(ctx)
		s.failed(err)
		if err == nil && !s.up.Load() {
			s.back()
			s.poke()
		}
		s.resolve()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.config.pace.health):
		}
	}
}

// tries tells whether Redis is of use. To answer is not enough: one that is full, or a
// replica that nobody may write to, answers a PING and takes nothing, and would be back
// and gone again each second. Nor is one back that a wait would wait for too long.
func (s *Store) tries(ctx context.Context) error {
	took, err := s.writes(ctx)
	if err == nil && took > arriveWithin && !s.up.Load() {
		took, err = s.writes(ctx) // the first had to connect
	}
	switch {
	case err != nil || s.up.Load():
		return err
	case took > arriveWithin:
		return errSlow
	}
	return s.flushSome(atOnce) // of a cluster, the server that has these may be gone
}

var errSlow = errors.New("it is slow")

// writes tries to, and says how long that took.
func (s *Store) writes(ctx context.Context) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.pace.health)
	defer cancel()
	began := time.Now()
	// Only where it is there already, which it never is: nothing is left behind.
	err = s.client.SetArgs(ctx, prefix+"{alive:"+s.config.Node+"}", "", goredis.SetArgs{Mode: "XX"}).Err()
	if errors.Is(err, goredis.Nil) {
		err = nil
	}
	s.config.Metrics.sent(opHealth, 2)
	return time.Since(began), err
}

// heard takes in a message. One on our own channel says that a device is another node's
// now: who could forge it could take the device by claiming it.
func (s *Store) heard(m *goredis.Message) {
	if m.Channel == nodeChannel(s.config.Node) {
		if s.table.claims(m.Payload) {
			s.poke()
		} else {
			s.lost(m.Payload)
		}
		return
	}
	var said saidBy
	text, err := s.seal.open(wordsTo, []byte(m.Payload))
	if err != nil || json.Unmarshal(text, &said) != nil {
		s.config.Metrics.refused.Inc()
		return
	}
	if said.Node != s.config.Node {
		s.forgets(said.Word.Forget)
		s.config.Heard(said.Word)
	}
}
