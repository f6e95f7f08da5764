package redis

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
)

// Config of a Store. URL, Secret and Node are required.
type Config struct {
	URL      string      // redis://[USER[:PASSWORD]@]HOST[:PORT][/DB], or rediss://
	Password string      // instead of the URL's
	TLS      *tls.Config // what rediss believes; nil: the system's roots
	Cluster  bool        // it is a Redis Cluster, found by that address
	Secret   []byte      // of state.key_file, the same on all nodes
	Node     string      // this life of this process: NewNode

	Networks *heartbeat.Networks // shared, if its Node is this one; nil: none are

	// State gives what is to be kept of a device; false: nothing.
	State func(heartbeat.Key) ([]byte, bool)
	// Taken is told that another node has a device now. It must not block.
	Taken func(heartbeat.Key)
	// Found is told later what another node knows of a device that came as Doubtful. It
	// must not block.
	Found func(key heartbeat.Key, state []byte)
	// Heard gets the words of other nodes. It must not block.
	Heard func(Word)

	Log     *zap.Logger // nowhere
	Metrics *Metrics    // unregistered

	pace pace
}

// pace is when the store does what; tests are in a hurry.
type pace struct {
	batch  time.Duration // from the first change to its writing: 20 ms
	health time.Duration // between two looks whether Redis is there: 1 s
	merge  time.Duration // between two looks at networks: 5 s
	lock   time.Duration // a lock whose owner has died is free after it: 30 s
	close  time.Duration // for what waits to be written at the end: 5 s
	claims time.Duration // until all nodes have claimed what they hold of a Redis that is back: 10 s
}

const (
	// arriveWithin bounds what a wait waits for Redis.
	arriveWithin = 100 * time.Millisecond

	// answerWithin is for what nobody waits for.
	answerWithin = 2 * time.Second

	// keptFor is how long a device or network that nobody hears of is kept: as long as
	// in the file of one node.
	keptFor = 90 * 24 * time.Hour
)

// NewNode draws the name of this life of this process.
func NewNode() string { return rand.Text()[:13] }

// Store is one node's way to what all share. It may be used by any number of goroutines.
type Store struct {
	config Config
	client goredis.UniversalClient
	seal   *seal
	table  table
	doubts doubts
	up     atomic.Bool  // Redis is of use, and we hear what is said to this node
	since  atomic.Int64 // when it last began to be, Unix nanoseconds
	slow   atomic.Int32 // how many looks in a row were late
	gone   atomic.Bool  // that it is gone has been reported
	looks  chan struct{}
	words  chan []byte
	wake   chan struct{} // something waits to be written
	stop   context.CancelFunc
	ctx    context.Context
	work   sync.WaitGroup

	merging sync.Mutex // whoever merges networks
	changes changes    // guarded by merging, and so is review
	review  []heartbeat.Network
}

// Open connects in the background, for as long as ctx lasts or until Close: a Redis that
// is not there is no reason not to start. An error is one of the configuration.
func Open(ctx context.Context, c Config) (*Store, error) {
	c = c.withDefaults()
	client, err := newClient(c)
	if err != nil {
		return nil, err
	}
	s := &Store{
		config: c, client: client, seal: newSeal(c.Secret), table: table{devices: map[string]*device{}, dirty: map[string]struct{}{}},
		looks: make(chan struct{}, mostLooks), words: make(chan []byte, mostWords), wake: make(chan struct{}, 1),
	}
	s.ctx, s.stop = context.WithCancel(ctx)
	c.Metrics.observe(s)
	for _, run := range []func(){s.listen, s.write, s.speak, s.merge} {
		s.work.Go(run)
	}
	return s, nil
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	if c.State == nil {
		c.State = func(heartbeat.Key) ([]byte, bool) { return nil, false }
	}
	if c.Taken == nil {
		c.Taken = func(heartbeat.Key) {}
	}
	if c.Found == nil {
		c.Found = func(heartbeat.Key, []byte) {}
	}
	if c.Heard == nil {
		c.Heard = func(Word) {}
	}
	for span, otherwise := range map[*time.Duration]time.Duration{
		&c.pace.batch: 20 * time.Millisecond, &c.pace.health: time.Second, &c.pace.merge: 5 * time.Second, &c.pace.lock: 30 * time.Second,
		&c.pace.claims: 10 * time.Second, &c.pace.close: 5 * time.Second,
	} {
		if *span <= 0 {
			*span = otherwise
		}
	}
	return c
}

// Close writes what waits, if Redis is there, and ends. What cannot be written within
// some seconds is lost: hundreds of networks at a tenth of a second each would outlast
// what a service manager allows for a stop.
func (s *Store) Close() error {
	defer time.AfterFunc(s.config.pace.close, s.stop).Stop()
	if s.up.Load() {
		s.failed(s.flush())
		s.mergeDue()
	}
	s.stop()
	s.work.Wait()
	return s.client.Close()
}

// Up tells whether Redis is there.
func (s *Store) Up() bool { return s.up.Load() }

func newClient(c Config) (goredis.UniversalClient, error) {
	goredis.SetLogger(silence{}) // it would write to standard error as it likes
	if c.Cluster {
		o, err := goredis.ParseClusterURL(c.URL)
		if err != nil {
			return nil, fmt.Errorf("state.redis: %w", err)
		}
		o.Password, o.TLSConfig = or(c.Password, o.Password), trusting(o.TLSConfig, c.TLS)
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = answerWithin, answerWithin, answerWithin, answerWithin
		o.MaxRetries, o.MaxRedirects, o.ContextTimeoutEnabled, o.OnConnect, o.DisableIdentity = -1, 3, true, learnScripts, true
		return goredis.NewClusterClient(o), nil
	}
	o, err := goredis.ParseURL(c.URL)
	if err != nil {
		return nil, fmt.Errorf("state.redis: %w", err)
	}
	o.Password, o.TLSConfig = or(c.Password, o.Password), trusting(o.TLSConfig, c.TLS)
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = answerWithin, answerWithin, answerWithin, answerWithin
	o.DialerRetries = 1
	// What failed is tried again by us, when Redis is there.
	o.MaxRetries, o.ContextTimeoutEnabled, o.OnConnect, o.DisableIdentity = -1, true, learnScripts, true
	return goredis.NewClient(o), nil
}

// learnScripts makes each connection's server know the scripts that go in pipelines.
func learnScripts(ctx context.Context, conn *goredis.Conn) error {
	for _, script := range inPipelines {
		if err := script.Load(ctx, conn).Err(); err != nil {
			return err
		}
	}
	return nil
}

func trusting(ofURL, roots *tls.Config) *tls.Config {
	if ofURL == nil || roots == nil {
		return ofURL // redis://, or the system's roots
	}
	ofURL.RootCAs = roots.RootCAs
	return ofURL
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// failed notes that Redis does not answer. Nothing more is asked of it until it does.
func (s *Store) failed(err error) {
	if err == nil || errors.Is(err, goredis.Nil) || s.ctx.Err() != nil {
		return
	}
	if misplaced(err) { // one key says nothing of the others
		s.config.Metrics.refused.Inc()
		return
	}
	s.up.Store(false)
	s.config.Metrics.failing.Set(1)
	if !s.gone.Swap(true) {
		s.config.Log.Warn("state.redis does not answer: this node goes on alone with what it knows, and shares it when Redis is back", zap.Error(err))
	}
}

// back notes that Redis is of use, and that we hear what is said to this node.
func (s *Store) back() {
	s.config.Metrics.failing.Set(0)
	if s.gone.Swap(false) {
		s.config.Log.Info("state.redis answers again: what was learned meanwhile is shared")
	}
	s.since.Store(time.Now().UnixNano())
	s.up.Store(true)
}
