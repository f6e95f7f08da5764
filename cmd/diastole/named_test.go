package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A dashboard over a metric that was renamed draws an empty line, and an alert on it
// never rings: whatever names a metric is read here and held against the program.
func TestEveryMetricThatIsNamedAnywhereExists(t *testing.T) {
	own, theirs := ownMetrics(t)
	recorded := recordedFigures(t)
	texts := textsThatNameMetrics(t)
	if len(recorded) < 5 || len(texts) < 20 {
		t.Fatalf("%d recorded figures, %d files: that is not all", len(recorded), len(texts))
	}
	for file, text := range texts {
		for _, name := range regexp.MustCompile(`[\w:]*diastole_[\w:*]*`).FindAllString(packageFile.ReplaceAllString(text, ""), -1) {
			if problem := unknownMetric(name, own, recorded); problem != "" {
				t.Errorf("%s: %s", file, problem)
			}
		}
		if filepath.Ext(file) == ".md" {
			continue
		}
		for _, name := range regexp.MustCompile(`\b(?:process|go)_[a-z_]+\b`).FindAllString(text, -1) {
			if !slices.Contains(theirs, name) {
				t.Errorf("%s: the program has no %s", file, name)
			}
		}
	}
}

// noMetrics are settings of deploy/dovecot.
var noMetrics = []string{"diastole_url", "diastole_token"}

// packageFile is what a package is called: diastole_*_amd64.deb.
var packageFile = regexp.MustCompile(`\bdiastole_[\w*.-]+\.deb\b`)

// unknownMetric says what is wrong with a name: of a metric, of a part of a histogram,
// of a recorded figure, or the beginning of some ("diastole_network_*").
func unknownMetric(name string, own map[string]metric, recorded []string) string {
	if strings.Contains(name, ":") {
		if !slices.Contains(recorded, name) {
			return name + " is not in the recording rules"
		}
		return ""
	}
	if family, part, ok := cutPart(name); ok {
		if m, known := own[family]; known && (m.kind == "histogram" || m.kind == "") {
			return ""
		}
		return family + " is no histogram: " + part
	}
	begins := strings.HasSuffix(name, "_") || strings.HasSuffix(name, "*")
	for known := range own {
		if known == name || begins && strings.HasPrefix(known, strings.TrimSuffix(name, "*")) {
			return ""
		}
	}
	if slices.Contains(noMetrics, name) {
		return ""
	}
	return "there is no metric " + name
}

func cutPart(name string) (family, part string, ok bool) {
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if family, ok := strings.CutSuffix(name, part); ok {
			return family, part, true
		}
	}
	return "", "", false
}

// A selector with a label that a metric has not, or a value that it never has, selects
// nothing, and nobody is told.
func TestEveryLabelInAQueryExists(t *testing.T) {
	own, _ := ownMetrics(t)
	rows := metricRows(t)
	selector := regexp.MustCompile(`(diastole_\w+)\{([^{}]*)\}`)
	matcher := regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"`)
	checked := 0
	for file, text := range textsThatNameMetrics(t) {
		if filepath.Ext(file) == ".md" {
			continue
		}
		for _, s := range selector.FindAllStringSubmatch(text, -1) {
			family := s[1]
			if cut, _, ok := cutPart(family); ok {
				family = cut
			}
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				checked++
				label, values := m[1], m[3]
				if !slices.Contains(append([]string{"job", "instance", "le"}, own[family].labels...), label) {
					t.Errorf("%s: %s has no label %s", file, family, label)
				}
				for value := range strings.SplitSeq(values, "|") {
					if known := own[family].values[label]; len(known) > 0 && !slices.Contains(open, label) &&
						!strings.HasPrefix(value, "$") && !slices.Contains(known, value) && !slices.Contains(rows[family].named, value) {
						t.Errorf("%s: %s of %s is never %q", file, label, family, value)
					}
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d labels were found", checked)
	}
}

// textsThatNameMetrics are the pages and all of deploy, with the quotes of JSON undone.
func textsThatNameMetrics(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	read := func(name string) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimPrefix(filepath.ToSlash(name), "../../")] = strings.ReplaceAll(string(text), `\"`, `"`)
	}
	for _, pattern := range []string{"../../*.md", "../../docs/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			read(name)
		}
	}
	err := filepath.WalkDir("../../deploy", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			read(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// recordedFigures are the names that deploy/prometheus records.
func recordedFigures(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/prometheus/diastole.recording.yml")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`record: (\S+)`).FindAllStringSubmatch(string(text), -1) {
		names[m[1]] = true
	}
	return slices.Collect(maps.Keys(names))
}

func TestAMetricThatIsNotThereIsFound(t *testing.T) {
	own := map[string]metric{"diastole_waits_held": {kind: "gauge"}, "diastole_wait_held_seconds": {kind: "histogram"}}
	recorded := []string{"instance:diastole_waits_held:sum"}
	for name, known := range map[string]bool{
		"diastole_waits_held": true, "diastole_wait_held_seconds_bucket": true, "diastole_wait_*": true, "diastole_wait_": true,
		"instance:diastole_waits_held:sum": true, "diastole_url": true,
		"diastole_wait_held": false, "diastole_waits_held_bucket": false, "diastole_weights_": false, "instance:diastole_waits_held:avg": false,
		"diastole_wait_held_minutes_sum": false,
	} {
		if problem := unknownMetric(name, own, recorded); (problem == "") != known {
			t.Errorf("%s: %q", name, problem)
		}
	}
}
