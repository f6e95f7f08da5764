package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// All functions here are called with writing locked.

// toFile opens the file and puts it to use. A damaged one is set aside first.
func (s *Store) toFile(now time.Time) error {
	db, err := openFile(s.config.Path, s.config.steps)
	if faultOf(err) == damaged {
		if err := s.setAside(err, now); err != nil {
			return err
		}
		db, err = openFile(s.config.Path, s.config.steps)
	}
	if err != nil {
		return err
	}
	s.use(db)
	s.lasting = true
	return nil
}

func (s *Store) inMemory() error {
	db, err := openMemory(s.config.steps)
	if err != nil {
		return err
	}
	s.use(db)
	return nil
}

// replace puts a new file in the place of a damaged one, or memory where that
// cannot be.
func (s *Store) replace(why error, now time.Time) {
	_ = s.db.Close() // it would go on writing to the file under its new name
	err := s.setAside(why, now)
	if err == nil {
		err = s.toFile(now)
	}
	if err == nil {
		return
	}
	s.failed(err)
	s.lasting = false
	if err := s.inMemory(); err != nil {
		s.config.Log.Error("store: no memory either", zap.Error(err))
	}
}

// settle goes to the file, with what is in memory if that is where we are.
func (s *Store) settle(now time.Time) {
	db, err := openFile(s.config.Path, s.config.steps)
	if faultOf(err) == damaged {
		err = s.setAside(err, now) // opened the next time
	}
	if err == nil && db != nil && !s.lasting {
		err = s.db.save(s.config.Path)
	}
	if err != nil {
		if db != nil {
			_ = db.Close()
		}
		s.failed(err)
		return
	}
	if db != nil {
		s.use(db)
		s.lasting = true
		s.mended()
	}
}

// trouble does about a failure while reading or deleting what can be done.
func (s *Store) trouble(err error, now time.Time) {
	if faultOf(err) == damaged && s.db.file != nil {
		s.replace(err, now)
		return
	}
	s.failed(err)
}

// setAside renames a damaged file and its log, for somebody to look at. The log
// goes first: one left behind would be taken for the new file's.
func (s *Store) setAside(why error, now time.Time) error {
	to := s.config.Path + ".damaged-" + now.UTC().Format("20060102T150405.000000Z")
	s.config.Metrics.faults.WithLabelValues(damaged.String()).Inc()
	s.config.Log.Error("store: the database is damaged and set aside, what it held is forgotten; a new one is begun",
		zap.String("path", s.config.Path), zap.String("set_aside", to), zap.Error(why))
	if err := os.Rename(s.config.Path+"-wal", to+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Remove(s.config.Path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(s.config.Path, to); err != nil {
		return err
	}
	s.clearOut()
	return nil
}

// keptAside is how many damaged files stay: a dying disk makes one after the other.
const keptAside = 3

func (s *Store) clearOut() {
	aside := s.aside()
	for _, old := range aside[:max(0, len(aside)-keptAside)] {
		_ = os.Remove(old)
		_ = os.Remove(old + "-wal")
	}
}

// aside names the files set aside, oldest first.
func (s *Store) aside() (names []string) {
	if s.config.Path == "" {
		return nil
	}
	dir, base := filepath.Split(s.config.Path)
	entries, _ := os.ReadDir(filepath.Clean(dir))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), base+".damaged-") && !strings.HasSuffix(e.Name(), "-wal") {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(names)
	return names
}

// failed reports that rows do not reach the file, once until it is mended.
func (s *Store) failed(err error) {
	s.config.Metrics.faults.WithLabelValues(disk.String()).Inc()
	s.config.Metrics.failing.Set(1)
	if !s.failing {
		s.failing = true
		s.config.Log.Error("store: what is learned cannot be written and would be lost with a restart; push goes on, trying again",
			zap.String("path", s.config.Path), zap.Error(err))
	}
}

func (s *Store) mended() {
	s.config.Metrics.failing.Set(0)
	if s.failing {
		s.failing = false
		s.config.Log.Info("store: what is learned is written again", zap.String("path", s.config.Path))
	}
}
