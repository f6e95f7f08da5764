package edge

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// followed is something that is made of files and made anew when they change. It is
// not for use by several at once.
//
// Comparing is comparing the contents: that needs no trust in time stamps or inodes,
// so it sees a link swapped (certbot, Kubernetes), a file moved over another and one
// rewritten in place within the same tick. A few small reads a second are cheaper
// than one handshake.
type followed[T any] struct {
	name  any // what it was configured as, to be known again
	paths []string
	parse func(contents [][]byte) (T, error)
	check func(T, time.Time) error // may refuse what was made, by its time; nil: nothing

	made    T        // what is in use
	used    []string // the contents it was made of
	refused []string // contents that are refused whatever the time, not to be parsed again and again
	said    string   // the last complaint, "" for none
}

// open reads the files for the first time. What is out of time is taken all the same
// and returned as late: a restart must not take away what a running process served.
func (f *followed[T]) open(now time.Time) (late, err error) {
	contents, err := f.read()
	if err != nil {
		return nil, err
	}
	if f.made, err = f.parse(contents); err != nil {
		return nil, err
	}
	f.used = words(contents)
	if f.check != nil {
		late = f.check(f.made, now)
	}
	return late, nil
}

// look takes what the files hold now. On an error, which it gives once for each
// complaint, what was in use stays so. Files that are not whole or do not fit are
// normal for a moment, while one is replaced after the other.
func (f *followed[T]) look(now time.Time) (changed bool, err error) {
	contents, err := f.read()
	if err == nil {
		changed, err = f.take(contents, now)
	}
	if err == nil || err.Error() == f.said {
		return changed, nil
	}
	f.said = err.Error()
	return false, err
}

// forget makes the next look complain again of what it has complained of before: it
// is somebody who asks.
func (f *followed[T]) forget() { f.refused, f.said = nil, "" }

func (f *followed[T]) take(contents [][]byte, now time.Time) (changed bool, err error) {
	found := words(contents)
	switch {
	case slices.Equal(found, f.refused):
		return false, nil
	case slices.Equal(found, f.used): // maybe again, after something that was refused
		changed = f.said != ""
		f.refused, f.said = nil, ""
		return changed, nil
	}
	fresh, err := f.parse(contents)
	if err == nil && f.check != nil {
		err = f.check(fresh, now)
	}
	f.refused = nil
	switch {
	case err == nil:
		f.made, f.used, f.said = fresh, found, ""
	case !errors.Is(err, errNotYet):
		f.refused = found
	}
	return err == nil, err
}

// fileLimit is beyond any chain of certificates.
const fileLimit = 1 << 20

func (f *followed[T]) read() ([][]byte, error) {
	contents := make([][]byte, 0, len(f.paths))
	for _, path := range f.paths {
		content, err := readFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the certificate: %w", err)
		}
		contents = append(contents, content)
	}
	return contents, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, fileLimit+1))
	if err == nil && len(content) > fileLimit {
		err = fmt.Errorf("%s is larger than %d KiB, so hardly the right file", path, fileLimit>>10)
	}
	return content, err
}

func words(contents [][]byte) []string {
	all := make([]string, 0, len(contents))
	for _, c := range contents {
		all = append(all, string(c))
	}
	return all
}
