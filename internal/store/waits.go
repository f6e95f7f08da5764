package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// WaitsOf says which waits; its zero value means all of them.
type WaitsOf struct {
	User    string
	Device  string // of the user
	Type    string // of the device
	Network heartbeat.Network
	Since   time.Time // ended at or after
	Before  time.Time // ended before; zero: any time
	Limit   int       // at most so many, the youngest; 0: 1000
}

// Waits gives waits that have ended, the youngest first.
func (s *Store) Waits(ctx context.Context, of WaitsOf) (found []Wait, err error) {
	query, args := of.query()
	err = s.query(ctx, query, args, func(rows *sql.Rows) error {
		w, err := scanWait(rows)
		found = append(found, w)
		return err
	})
	return found, err
}

func (of *WaitsOf) query() (query string, args []any) {
	where, args := []string{"ended >= ?"}, []any{of.Since.UnixMilli()}
	and := func(column string, value any, given bool) {
		if given {
			where, args = append(where, column+" = ?"), append(args, value)
		}
	}
	and("user", clip(of.User), of.User != "")
	and("device", clip(of.Device), of.Device != "")
	and("type", clip(of.Type), of.Type != "")
	and("network", clip(of.Network.Name), of.Network.Name != "")
	and("http", int(of.Network.HTTP), of.Network.HTTP != 0)
	if !of.Before.IsZero() {
		where, args = append(where, "ended < ?"), append(args, of.Before.UnixMilli())
	}
	return "SELECT * FROM waits WHERE " + strings.Join(where, " AND ") + " ORDER BY ended DESC LIMIT ?", append(args, or(of.Limit, 1000))
}

func scanWait(rows *sql.Rows) (w Wait, err error) {
	var (
		ended, asked, given, held int64
		outcomeName, proofName    string
	)
	err = rows.Scan(&w.Key.Principal, &w.Key.Device, &w.Key.Type, &ended, &w.Network.Name, &w.Network.HTTP,
		&w.Kind, &w.Rule, &asked, &given, &held, &outcomeName, &proofName)
	w.Ended = time.UnixMilli(ended)
	w.Asked, w.Given, w.Held = milliseconds(asked), milliseconds(given), milliseconds(held)
	w.Outcome, w.Proof = outcome(outcomeName), proof(proofName)
	return w, err
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
