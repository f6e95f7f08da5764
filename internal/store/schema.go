package store

import (
	"database/sql"
	"fmt"
	"strings"
)

// application is in the file's header (PRAGMA application_id): "dias". With it
// state.path can name the database of another program without harm to that.
const application = 0x64696173

// migrations lead from each version of the schema (PRAGMA user_version) to the
// next; the first makes version 1 of an empty file. One that was released is never
// changed: add another, and a fixture of the version before to testdata. Times
// are milliseconds since 1970, intervals milliseconds; state is JSON: a snapshot of
// package heartbeat, and in haves what the device has of its mailbox.
var migrations = []string{`
CREATE TABLE devices (
	user TEXT NOT NULL, device TEXT NOT NULL, type TEXT NOT NULL,
	seen INTEGER NOT NULL, state TEXT NOT NULL,
	PRIMARY KEY (user, device, type)
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_seen ON devices (seen, user, device, type);

CREATE TABLE networks (
	name TEXT NOT NULL, http INTEGER NOT NULL,
	seen INTEGER NOT NULL, state TEXT NOT NULL,
	PRIMARY KEY (name, http)
) STRICT, WITHOUT ROWID;
CREATE INDEX networks_seen ON networks (seen, name, http);

CREATE TABLE waits (
	user TEXT NOT NULL, device TEXT NOT NULL, type TEXT NOT NULL, ended INTEGER NOT NULL,
	network TEXT NOT NULL, http INTEGER NOT NULL, kind TEXT NOT NULL, rule TEXT NOT NULL,
	asked INTEGER NOT NULL, given INTEGER NOT NULL, held INTEGER NOT NULL,
	outcome TEXT NOT NULL, proof TEXT NOT NULL,
	PRIMARY KEY (user, device, type, ended)
) STRICT, WITHOUT ROWID;
CREATE INDEX waits_ended ON waits (ended);
CREATE INDEX waits_network ON waits (network, http, ended);
`, `
CREATE TABLE haves (
	user TEXT NOT NULL, device TEXT NOT NULL, type TEXT NOT NULL,
	seen INTEGER NOT NULL, state TEXT NOT NULL,
	PRIMARY KEY (user, device, type)
) STRICT, WITHOUT ROWID;
CREATE INDEX haves_seen ON haves (seen, user, device, type);
`, `
CREATE TABLE secrets (name TEXT NOT NULL PRIMARY KEY, secret BLOB NOT NULL) STRICT, WITHOUT ROWID;
`}

// The tables, by their place in tables.
const (
	devices = iota
	networks
	waits
	haves
)

// A table is what writing, keeping and forgetting need to know of one.
type table struct {
	name    string
	columns int
	key     string
	when    string // the column with the row's age
	replace string // the columns that a row put again replaces
}

var tables = [...]table{
	devices:  {"devices", 5, "user, device, type", "seen", "seen, state"},
	networks: {"networks", 4, "name, http", "seen", "seen, state"},
	waits:    {"waits", 13, "user, device, type, ended", "ended", "network, http, kind, rule, asked, given, held, outcome, proof"},
	haves:    {"haves", 5, "user, device, type", "seen", "seen, state"},
}

// insert writes a row. An older one never replaces a younger one: rows that
// waited in memory for a disk may come after those of another start.
func (t *table) insert() string {
	return "INSERT INTO " + t.name + " VALUES (?" + strings.Repeat(", ?", t.columns-1) + ")" + t.conflict()
}

// carry copies all rows from one attached database to another.
func (t *table) carry(from, to string) string {
	return "INSERT INTO " + to + "." + t.name + " SELECT * FROM " + from + "." + t.name + " WHERE true" + t.conflict()
}

func (t *table) conflict() string {
	var set []string
	for column := range strings.SplitSeq(t.replace, ", ") {
		set = append(set, column+" = excluded."+column)
	}
	return " ON CONFLICT (" + t.key + ") DO UPDATE SET " + strings.Join(set, ", ") + " WHERE excluded." + t.when + " >= " + t.when
}

// NotOursError says that state.path names a file that must be left alone.
type NotOursError struct {
	Path          string
	Schema, Known int // of a newer diastole; 0 if it is another program's file
}

func (e *NotOursError) Error() string {
	if e.Schema == 0 {
		return fmt.Sprintf("state.path: %s is the database of another program: name another file", e.Path)
	}
	return fmt.Sprintf("state.path: %s was written by a newer diastole (schema %d, this one knows %d): run that version, or name another file",
		e.Path, e.Schema, e.Known)
}

// migrate brings a file to the newest schema, one version at a time. Each is one
// transaction: a crash leaves the version before or the one after.
func migrate(db *sql.DB, path string, steps []string) error {
	for {
		done, err := migrateOnce(db, path, steps)
		if done || err != nil {
			return err
		}
	}
}

func migrateOnce(db *sql.DB, path string, steps []string) (done bool, err error) {
	tx, err := db.Begin() // takes the write lock: another process may be migrating too
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // nothing after a Commit
	version, err := schemaOf(tx, path, len(steps))
	if err != nil || version == len(steps) {
		return true, err
	}
	if _, err := tx.Exec(fmt.Sprintf("%s; PRAGMA application_id = %d; PRAGMA user_version = %d", steps[version], application, version+1)); err != nil {
		return false, fmt.Errorf("schema %d: %w", version+1, err)
	}
	return false, tx.Commit()
}

// schemaOf gives the version of the schema, 0 for an empty file, and a
// *NotOursError for a file that must be left alone.
func schemaOf(db interface{ QueryRow(string, ...any) *sql.Row }, path string, newest int) (version int, err error) {
	var owner, contents int
	err = db.QueryRow("SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) "+
		"FROM pragma_application_id, pragma_user_version").Scan(&owner, &version, &contents)
	switch {
	case err != nil:
		return 0, err
	case owner != application && (owner != 0 || version != 0 || contents != 0):
		return 0, &NotOursError{Path: path}
	case version > newest:
		return 0, &NotOursError{Path: path, Schema: version, Known: newest}
	}
	return version, nil
}
