package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// Devices gives all devices, the one heard of last at last, as Tracker.Restore
// wants them. An error comes at last.
func (s *Store) Devices(ctx context.Context) iter.Seq2[heartbeat.DeviceSnapshot, error] {
	const query = "SELECT seen, user, device, type, state FROM devices WHERE (seen, user, device, type) > (?, ?, ?, ?) " +
		"ORDER BY seen, user, device, type LIMIT ?"
	return all(ctx, s, query, []any{math.MinInt64, "", "", ""}, func(rows *sql.Rows) (d heartbeat.DeviceSnapshot, at []any, err error) {
		var (
			seen  int64
			key   heartbeat.Key
			state string
		)
		err = rows.Scan(&seen, &key.Principal, &key.Device, &key.Type, &state)
		_ = json.Unmarshal([]byte(state), &d) // what cannot be read begins anew
		d.Key = key                           // names are any bytes, which JSON's strings are not
		return d, []any{seen, key.Principal, key.Device, key.Type}, err
	})
}

// Networks gives all networks, the one heard of last at last, as Networks.Restore
// wants them. An error comes at last.
func (s *Store) Networks(ctx context.Context) iter.Seq2[heartbeat.NetworkSnapshot, error] {
	const query = "SELECT seen, name, http, state FROM networks WHERE (seen, name, http) > (?, ?, ?) " +
		"ORDER BY seen, name, http LIMIT ?"
	return all(ctx, s, query, []any{math.MinInt64, "", 0}, func(rows *sql.Rows) (n heartbeat.NetworkSnapshot, at []any, err error) {
		var (
			seen  int64
			id    heartbeat.Network
			state string
		)
		err = rows.Scan(&seen, &id.Name, &id.HTTP, &state)
		_ = json.Unmarshal([]byte(state), &n) // what cannot be read begins anew
		n.Network = id
		return n, []any{seen, id.Name, id.HTTP}, err
	})
}

// page is how many rows are read at once. Between two pages nothing is held: a
// reader that takes its time would keep the log beside the file from being
// emptied.
const page = 200

// all gives the rows of a query page by page; read says what a row is and where
// it stands in the order, which is where the next page begins.
func all[T any](ctx context.Context, s *Store, query string, after []any,
	read func(*sql.Rows) (item T, at []any, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			var items []T
			err := s.query(ctx, query, append(slices.Clone(after), page), func(rows *sql.Rows) error {
				item, at, err := read(rows)
				if err == nil {
					items, after = append(items, item), at
				}
				return err
			})
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if len(items) < page {
				return
			}
		}
	}
}

// query reads rows. A damaged file that it meets is set aside.
func (s *Store) query(ctx context.Context, query string, args []any, row func(*sql.Rows) error) error {
	err := s.read(ctx, query, args, row)
	if faultOf(err) == damaged {
		s.writing.Lock()
		s.trouble(err, time.Now())
		s.writing.Unlock()
	}
	if err != nil {
		return fmt.Errorf("reading what was learned: %w", err)
	}
	return nil
}

func (s *Store) read(ctx context.Context, query string, args []any, row func(*sql.Rows) error) error {
	s.mu.RLock() // the database is not exchanged under us
	defer s.mu.RUnlock()
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
