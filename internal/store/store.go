package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Config of a Store. The zero value stands for the defaults: memory only, no log.
type Config struct {
	Path    string      // the file; "" keeps everything in memory
	Log     *zap.Logger // nowhere
	Metrics *Metrics    // unregistered

	Devices  Keep // 100,000 rows, 90 days
	Networks Keep // 20,000 rows, 90 days
	Waits    Keep // 200,000 rows, 30 days
	Havings  Keep // 100,000 rows, 90 days
	Size     int  // bytes that the rows may take; beyond them the oldest havings go; 1 GiB
	Queue    int  // rows that may wait to be written; 8192, at most some 32 MiB

	pace  pace
	steps []string // migrations
}

// pace is when the store does what; tests are in a hurry.
type pace struct {
	batch time.Duration // from the first row to its writing: 500 ms
	retry time.Duration // after a failure: 10 s
	tend  time.Duration // between two looks at age, number and file: 1 min
}

const day = 24 * time.Hour

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	if c.steps == nil {
		c.steps = migrations
	}
	c.Devices = c.Devices.or(100_000, 90*day)
	c.Networks = c.Networks.or(20_000, 90*day)
	c.Waits = c.Waits.or(200_000, 30*day)
	c.Havings = c.Havings.or(100_000, 90*day)
	c.Size = or(c.Size, 1<<30)
	c.Queue = or(c.Queue, 8192)
	c.pace.batch = or(c.pace.batch, 500*time.Millisecond)
	c.pace.retry = or(c.pace.retry, 10*time.Second)
	c.pace.tend = or(c.pace.tend, time.Minute)
	return c
}

func (k Keep) or(rows int, age time.Duration) Keep { return Keep{or(k.Rows, rows), or(k.For, age)} }

func or[T int | time.Duration](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// Store keeps rows. It may be used by any number of goroutines.
type Store struct {
	config Config
	queue  queue
	wake   chan struct{} // rows wait
	stop   chan struct{}
	done   chan struct{} // the worker has ended
	once   sync.Once

	writing sync.Mutex // whoever writes, deletes or changes the database
	lasting bool       // db is the file, or none was asked for
	failing bool       // the last attempt to write failed

	mu sync.RWMutex // guards db
	db *database
}

// Open opens the file, or makes it. An error is a *NotOursError: the file is
// another program's or a newer version's. Anything else that is wrong with the
// file or its disk is reported, and the store works in memory meanwhile.
func Open(c Config) (*Store, error) {
	s := &Store{config: c.withDefaults(), wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	s.queue = queue{limit: s.config.Queue, dropped: s.config.Metrics.dropped.Inc}
	if err := s.begin(time.Now()); err != nil {
		return nil, err
	}
	s.config.Metrics.observe(s)
	go s.work()
	return s, nil
}

// begin opens the first database.
func (s *Store) begin(now time.Time) error {
	if s.config.Path == "" {
		s.lasting = true
		return s.inMemory()
	}
	var notOurs *NotOursError
	err := s.toFile(now)
	if err == nil || errors.As(err, &notOurs) {
		return err
	}
	s.failed(err)
	if err := s.inMemory(); err != nil {
		return err
	}
	if err := s.db.load(s.config.Path, len(s.config.steps)); err != nil {
		s.config.Log.Warn("nothing learned before could be read", zap.Error(err))
	}
	return nil
}

// Close writes what waits and closes the file. It gives up when ctx ends: a disk
// that hangs must not hold up a stop.
func (s *Store) Close(ctx context.Context) error {
	s.once.Do(func() { close(s.stop) })
	closed := make(chan error, 1)
	go func() {
		<-s.done
		closed <- errors.Join(s.Flush(), s.current().Close())
	}()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// current is the database in use. Reads hold it for one page only, so that it
// can be exchanged.
func (s *Store) current() *database {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.db
}

// use puts a database in the place of the one before.
func (s *Store) use(db *database) {
	s.mu.Lock()
	old := s.db
	s.db = db
	s.mu.Unlock()
	if old != nil {
		_ = old.Close() // waits for the reads under way
	}
}
