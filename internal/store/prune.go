package store

import "time"

// Keep says how much of a table is kept; a zero stands for the default.
type Keep struct {
	Rows int           // the oldest beyond this number go
	For  time.Duration // rows older than this go
}

// pruneAtOnce is how many rows one transaction deletes: batches are written
// between two of them.
const pruneAtOnce = 1000

// prune deletes the rows that are older than a time and, oldest first, those over
// a number. It says how many went and how many are left.
func (db *database) prune(t *table, keep int, since time.Time) (deleted, left int, err error) {
	for {
		if err := db.QueryRow("SELECT count(*) FROM " + t.name).Scan(&left); err != nil {
			return deleted, left, err
		}
		var old int
		if err := db.QueryRow("SELECT count(*) FROM "+t.name+" WHERE "+t.when+" < ?", since.UnixMilli()).Scan(&old); err != nil {
			return deleted, left, err
		}
		excess := min(max(old, left-keep), pruneAtOnce)
		if excess <= 0 {
			return deleted, left, nil
		}
		n, err := db.deleteOldest(t, excess)
		deleted += n
		if err != nil {
			return deleted, left, err
		}
	}
}

func (db *database) deleteOldest(t *table, n int) (deleted int, err error) {
	result, err := db.Exec("DELETE FROM "+t.name+" WHERE ("+t.key+") IN (SELECT "+t.key+" FROM "+t.name+
		" ORDER BY "+t.when+" LIMIT ?)", n)
	if err != nil {
		return 0, err
	}
	gone, err := result.RowsAffected()
	return int(gone), err
}

// forget deletes all rows of a user, also from the log beside the file.
func (db *database) forget(user string) (deleted int, err error) {
	tx, err := db.Begin()
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }() // nothing after a Commit
	for _, i := range []int{devices, waits, haves} {
		result, err := tx.Exec("DELETE FROM "+tables[i].name+" WHERE user = ?", user)
		if err != nil {
			return 0, err
		}
		n, _ := result.RowsAffected()
		deleted += int(n)
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	return deleted, db.checkpoint()
}

// checkpoint moves the log into the file and empties it.
func (db *database) checkpoint() error {
	var busy, pages, moved int
	err := db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	if err == nil && busy != 0 {
		return errBusy
	}
	return err
}
