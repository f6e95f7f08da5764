package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A line of diastole's log.
type line struct {
	Level, Logger, Address string
	Message                string `json:"msg"`
}

// A journal keeps the whole log for the test's judgement.
type journal struct {
	lines chan line

	kept io.Writer // all of it, for make private

	mu       sync.Mutex
	text     strings.Builder
	bad      []string         // above info, or no log line
	expected []*regexp.Regexp // of what is above info
}

func (j *journal) read(r io.Reader) {
	defer close(j.lines)
	for scan := bufio.NewScanner(r); scan.Scan(); {
		var l line
		err := json.Unmarshal(scan.Bytes(), &l)
		j.keep(scan.Text(), l, err)
		if err == nil {
			j.lines <- l
		}
	}
}

func (j *journal) keep(text string, l line, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fmt.Fprintln(&j.text, text)
	fmt.Fprintln(j.kept, text)
	switch {
	case err != nil:
		j.bad = append(j.bad, "no JSON: "+text)
	case l.Level != "debug" && l.Level != "info":
		j.bad = append(j.bad, text)
	}
}

// expect names lines above info that the test brings about.
func (j *journal) expect(pattern string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.expected = append(j.expected, regexp.MustCompile(pattern))
}

// warnings are the lines above info so far that match.
func (j *journal) warnings(pattern string) (lines []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, bad := range j.bad {
		if matched, _ := regexp.MatchString(pattern, bad); matched {
			lines = append(lines, bad)
		}
	}
	return lines
}

// awaitWarning waits for the first of them.
func (j *journal) awaitWarning(t testing.TB, pattern string, limit time.Duration) {
	t.Helper()
	for end := time.Now().Add(limit); len(j.warnings(pattern)) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("no warning like %q within %v", pattern, limit)
			return
		}
	}
}

// judge wants nothing above info but what the test expected: the others show
// diastole nothing that an operator must be told of.
func (j *journal) judge(t testing.TB) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, bad := range j.bad {
		if !j.expects(bad) {
			t.Errorf("diastole's log: %s", bad)
		}
	}
	if t.Failed() {
		t.Logf("diastole's whole log:\n%s", j.text.String())
	}
}

func (j *journal) expects(text string) bool {
	for _, pattern := range j.expected {
		if pattern.MatchString(text) {
			return true
		}
	}
	return false
}
