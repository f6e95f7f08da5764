package store

import (
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// A database is one open SQLite database: the file at state.path, or memory.
type database struct {
	*sql.DB
	file os.FileInfo // nil: memory
}

// pragmas: with synchronous NORMAL a loss of power takes the last batches and
// leaves the file sound; secure_delete is for Forget, whose rows must not stay
// readable in free pages.
var pragmas = []string{"synchronous(NORMAL)", "busy_timeout(5000)",
	"secure_delete(ON)", "journal_size_limit(16777216)", "cache_size(-4096)"}

// openFile opens or makes the file, checks the whole of it, and brings it to the
// newest schema.
func openFile(path string, steps []string) (*database, error) {
	info, err := makeFile(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", address(path, url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	if err := prepare(db, path, steps); err != nil {
		_ = db.Close()
		return nil, err
	}
	return &database{db, info}, nil
}

// prepare makes sure that the file is ours before anything in it is changed.
func prepare(db *sql.DB, path string, steps []string) error {
	if _, err := schemaOf(db, path, len(steps)); err != nil {
		return err
	}
	if err := quickCheck(db); err != nil {
		return err
	}
	// Readers and the writer do not wait for each other then. The file keeps it.
	if _, err := db.Exec("PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	return migrate(db, path, steps)
}

// makeFile makes an empty file that only we may read, for it names users; SQLite
// would leave that to the umask. The files beside it get the same rights.
func makeFile(path string) (os.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	return info, errors.Join(err, f.Close())
}

// openMemory is a database of one connection, since each would have its own.
func openMemory(steps []string) (*database, error) {
	db, err := sql.Open("sqlite", "file::memory:?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := migrate(db, "", steps); err != nil {
		_ = db.Close()
		return nil, err
	}
	return &database{DB: db}, nil
}

// address is the file as a URI: a path may hold '?' and '%'.
func address(path string, query url.Values) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

// quickCheck reads every page of the file: damage in a page that is seldom read
// would otherwise come out in the middle of a night.
func quickCheck(db *sql.DB) error {
	var found string
	if err := db.QueryRow("PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return damage{found}
	}
	return nil
}

// moved says whether the file is no longer the one at its path: somebody deleted
// or replaced it, and what we write would be gone with the next start.
func (db *database) moved(path string) bool {
	if db.file == nil {
		return false
	}
	now, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, db.file)
}

// write puts rows into the database, all or none.
func (db *database) write(rows []row) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after a Commit
	var inserts [len(tables)]*sql.Stmt
	for _, r := range rows {
		values, err := r.values()
		if err != nil {
			return valuesError{err}
		}
		insert := &inserts[r.table()]
		if *insert == nil {
			if *insert, err = tx.Prepare(tables[r.table()].insert()); err != nil {
				return err
			}
			defer (*insert).Close()
		}
		if _, err := (*insert).Exec(values...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// size is what the database takes, in bytes, without its WAL.
func (db *database) size() (bytes int64, err error) {
	err = db.QueryRow("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&bytes)
	return bytes, err
}

// used is what the rows take of it, in bytes: pages that were freed are free.
func (db *database) used() (bytes int, err error) {
	err = db.QueryRow("SELECT (page_count - freelist_count) * page_size " +
		"FROM pragma_page_count, pragma_freelist_count, pragma_page_size").Scan(&bytes)
	return bytes, err
}
