package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// damage is what a check of the file found.
type damage struct{ text string }

func (d damage) Error() string { return "the file is damaged: " + d.text }

// A fault is a kind of error by what is to be done about it.
type fault uint8

const (
	fine    fault = iota
	damaged       // set the file aside and begin a new one
	disk          // keep the rows and try again: full, read-only, gone, locked
	badRow        // this row can never be written
)

func (f fault) String() string { return [...]string{"none", "damaged", "disk", "row"}[f] }

func faultOf(err error) fault {
	var (
		found  damage
		values valuesError
		e      *sqlite.Error
	)
	switch {
	case err == nil:
		return fine
	case errors.As(err, &found):
		return damaged
	case errors.As(err, &values):
		return badRow
	case !errors.As(err, &e):
		return disk // of the operating system: rights, a directory that is not there
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return damaged
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE:
		return badRow
	}
	return disk
}

// valuesError is of a row whose values could not be made.
type valuesError struct{ err error }

func (e valuesError) Error() string { return fmt.Sprintf("a row that cannot be written: %v", e.err) }
func (e valuesError) Unwrap() error { return e.err }

var errBusy = errors.New("somebody reads the file for long: its log still holds what was deleted")
