package store

import (
	"crypto/rand"
	"time"
)

// Secret gives random bytes that stay the same for as long as the file does, for
// what has to be recognised after a restart and guessed by nobody. They are drawn
// when the name is asked for first. Whoever can read the file can read them, and all
// that they could hide too. Without a file, or while it takes no writes, they
// are good until the process ends; that is reported as with rows.
func (s *Store) Secret(name string) (secret [32]byte) {
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	s.writing.Lock()
	defer s.writing.Unlock()
	kept, err := s.db.secret(name, secret[:])
	if err != nil {
		s.trouble(err, time.Now())
		return secret
	}
	copy(secret[:], kept)
	return secret
}

// secret is the one that is there, or else this one from now on.
func (db *database) secret(name string, otherwise []byte) (kept []byte, err error) {
	const found = "SELECT secret FROM secrets WHERE name = ?"
	if db.QueryRow(found, name).Scan(&kept) == nil {
		return kept, nil // before anything is written: a full disk can still be read
	}
	if _, err := db.Exec("INSERT INTO secrets VALUES (?, ?) ON CONFLICT DO NOTHING", name, otherwise); err != nil {
		return nil, err
	}
	err = db.QueryRow(found, name).Scan(&kept)
	return kept, err
}
