package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"math"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// Having is what a device has of its mailbox: its sync keys, its folders, its last
// Ping. A credential must never be in it: what is here is on the disk.
type Having struct {
	Key   heartbeat.Key
	Seen  time.Time       // when it changed last, to the millisecond
	State json.RawMessage // of whoever puts it
}

// longestState is more than what 500 folders with the longest ids and keys take. A
// client grows its own, and one row must not fill the disk.
const longestState = 512 << 10

// PutHaving keeps what a device has, in place of what was. A device whose names
// would be cut is left out: read again it would be another one, whose keys these
// are not. A state beyond 512 KiB is not kept, and neither is the one before it:
// keys that are no longer true are worse than none.
func (s *Store) PutHaving(h Having) {
	if len(h.Key.Principal) > longestName || len(h.Key.Device) > longestName || len(h.Key.Type) > longestName {
		s.config.Metrics.refused.Inc()
		return
	}
	if len(h.State) > longestState {
		s.config.Metrics.refused.Inc()
		h.State = nil
	}
	s.put(havingRow(h))
}

type havingRow Having

func (havingRow) table() int     { return haves }
func (r havingRow) user() string { return r.Key.Principal }

func (r havingRow) values() ([]any, error) {
	return []any{r.Key.Principal, r.Key.Device, r.Key.Type, r.Seen.UnixMilli(), string(r.State)}, nil
}

// Havings gives what the devices have, the one that changed last at last: a memory
// that is too small for all then keeps the latest. An error comes at last.
func (s *Store) Havings(ctx context.Context) iter.Seq2[Having, error] {
	const query = "SELECT seen, user, device, type, state FROM haves WHERE (seen, user, device, type) > (?, ?, ?, ?) " +
		"AND state <> '' ORDER BY seen, user, device, type LIMIT ?"
	return all(ctx, s, query, []any{math.MinInt64, "", "", ""}, func(rows *sql.Rows) (h Having, at []any, err error) {
		var (
			seen  int64
			state string
		)
		err = rows.Scan(&seen, &h.Key.Principal, &h.Key.Device, &h.Key.Type, &state)
		h.Seen, h.State = time.UnixMilli(seen), json.RawMessage(state)
		return h, []any{seen, h.Key.Principal, h.Key.Device, h.Key.Type}, err
	})
}

// roomAtOnce is how many rows makeRoom deletes in one transaction, which has to fit
// into the log beside the file even where each of them is as long as can be.
const roomAtOnce = 100

// makeRoom deletes the oldest havings while all rows together take more than they
// may. They are what a client can grow, and the next Sync brings them back; what
// was learned of networks took months. Call it with writing locked.
func (s *Store) makeRoom() error {
	for {
		used, err := s.db.used()
		if err != nil || used <= s.config.Size {
			return err
		}
		n, err := s.db.deleteOldest(&tables[haves], roomAtOnce)
		s.config.Metrics.deleted.WithLabelValues(tables[haves].name).Add(float64(n))
		if err != nil || n == 0 {
			return err
		}
	}
}
