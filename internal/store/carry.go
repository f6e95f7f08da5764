package store

import (
	"errors"
	"fmt"
	"net/url"
)

// save copies everything from a database in memory into the file, which has the
// same schema.
func (db *database) save(path string) error {
	return db.attached(address(path, nil), func() error { return db.carry("main", "other") })
}

// load copies what a file holds into memory, from a disk that takes no more
// writes: without it a restart on a full disk would forget all that was learned.
func (db *database) load(path string, schema int) error {
	readOnly := address(path, url.Values{"mode": {"ro"}, "immutable": {"1"}})
	return db.attached(readOnly, func() error {
		var owner, version int
		if err := db.QueryRow("PRAGMA other.application_id").Scan(&owner); err != nil {
			return err
		}
		if err := db.QueryRow("PRAGMA other.user_version").Scan(&version); err != nil {
			return err
		}
		if owner != application || version != schema {
			return fmt.Errorf("schema %d cannot be read without writing", version)
		}
		return db.carry("other", "main")
	})
}

func (db *database) attached(address string, do func() error) error {
	if _, err := db.Exec("ATTACH ? AS other", address); err != nil {
		return err
	}
	err := do()
	_, detached := db.Exec("DETACH other")
	return errors.Join(err, detached)
}

func (db *database) carry(from, to string) error {
	for i := range tables {
		if _, err := db.Exec(tables[i].carry(from, to)); err != nil {
			return fmt.Errorf("copying %s: %w", tables[i].name, err)
		}
	}
	// A secret that is there already is the one that was given out first.
	if _, err := db.Exec("INSERT INTO " + to + ".secrets SELECT * FROM " + from + ".secrets WHERE true ON CONFLICT DO NOTHING"); err != nil {
		return fmt.Errorf("copying secrets: %w", err)
	}
	return nil
}
