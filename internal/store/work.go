package store

import (
	"time"

	"go.uber.org/zap"

	"github.com/diastole/diastole/heartbeat"
)

// batchRows is how many rows one transaction writes.
const batchRows = 1000

// PutDevice keeps what is known of a device, in place of what was. It returns at
// once, as all Puts do.
func (s *Store) PutDevice(d heartbeat.DeviceSnapshot) { s.put(deviceRow(d)) }

// PutNetwork keeps what is known of a network, in place of what was.
func (s *Store) PutNetwork(n heartbeat.NetworkSnapshot) { s.put(networkRow(n)) }

// PutWait keeps a wait that has ended.
func (s *Store) PutWait(w Wait) { s.put(waitRow(w)) }

func (s *Store) put(r row) {
	s.queue.put(r)
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
}

// work writes what is put, some time after the first row of a batch.
func (s *Store) work() {
	defer close(s.done)
	tend := time.NewTicker(s.config.pace.tend)
	defer tend.Stop()
	wait := s.config.pace.batch
	for {
		select {
		case <-s.stop:
			return
		case <-tend.C:
			s.tend(time.Now())
		case <-s.wake:
			if !s.pause(wait) {
				return
			}
			wait = s.config.pace.batch
			if s.Flush() != nil {
				wait = s.config.pace.retry
				s.again()
			}
		}
	}
}

// pause is false when the store stops.
func (s *Store) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-s.stop:
		return false
	}
}

// again makes the worker try once more, though nothing new is put.
func (s *Store) again() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Flush writes all that was put. An error says that the disk does not take it;
// the rows wait on.
func (s *Store) Flush() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	for {
		batch, upto := s.queue.peek(batchRows)
		if len(batch) == 0 {
			return nil
		}
		if err := s.write(batch); err != nil {
			return err
		}
		s.queue.done(upto)
	}
}

// write puts a batch into the database and does about a failure what can be done.
func (s *Store) write(batch []row) error {
	began := time.Now()
	err := s.db.write(batch)
	switch faultOf(err) {
	case fine:
		s.count(batch, time.Since(began))
		return nil
	case badRow:
		return s.writeEach(batch)
	case damaged:
		s.replace(err, time.Now())
		if err = s.db.write(batch); err == nil {
			return nil
		}
	}
	s.failed(err)
	return err
}

// writeEach finds the rows that cannot be written.
func (s *Store) writeEach(batch []row) error {
	for _, r := range batch {
		err := s.db.write([]row{r})
		switch faultOf(err) {
		case fine:
		case badRow:
			s.config.Metrics.refused.Inc()
			s.config.Log.Error("store: a row cannot be written and is left out",
				zap.String("table", tables[r.table()].name), zap.Error(err))
		default:
			return err // those before are written twice, which changes nothing
		}
	}
	return nil
}

func (s *Store) count(batch []row, took time.Duration) {
	s.config.Metrics.batches.Observe(took.Seconds())
	for _, r := range batch {
		s.config.Metrics.written.WithLabelValues(tables[r.table()].name).Inc()
	}
	if s.lasting {
		s.mended()
	}
}

// tend goes back to the file where we are in memory for want of it, and deletes
// what is too old or too much.
func (s *Store) tend(now time.Time) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if !s.lasting || s.db.moved(s.config.Path) {
		s.settle(now)
	}
	if err := s.makeRoom(); err != nil {
		s.trouble(err, now)
		return
	}
	keeps := [len(tables)]Keep{devices: s.config.Devices, networks: s.config.Networks, waits: s.config.Waits, haves: s.config.Havings}
	for i := range tables {
		deleted, left, err := s.db.prune(&tables[i], keeps[i].Rows, now.Add(-keeps[i].For))
		s.config.Metrics.deleted.WithLabelValues(tables[i].name).Add(float64(deleted))
		s.config.Metrics.rows.WithLabelValues(tables[i].name).Set(float64(left))
		if err != nil {
			s.trouble(err, now)
			return
		}
	}
	if size, err := s.db.size(); err == nil {
		s.config.Metrics.size.Set(float64(size))
	}
}
