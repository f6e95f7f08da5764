package diastole

import (
	"fmt"
	"go/ast"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// logRules hold what people build alerts and queries on: a message that is put together
// at run time cannot be looked for, and a number without its unit is read wrong.
func logRules(house []source) (faults []string) {
	for _, l := range logLines(house) {
		if l.message == "" {
			faults = append(faults, l.at+": the message must be a constant, what varies is a field")
		}
		for level := range l.levels {
			if level == "" {
				faults = append(faults, l.at+": the level cannot be seen from here")
			}
		}
	}
	for _, s := range house {
		if s.test() || !s.in("cmd", "proxy", "internal") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				faults = append(faults, fieldFaults(s, call)...)
			}
			return true
		})
	}
	return faults
}

func fieldFaults(s source, call *ast.CallExpr) (faults []string) {
	m, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	if name, isField := fieldOf(call); isField {
		unit := strings.HasSuffix(name, "_seconds")
		switch {
		case m.Sel.Name == "Duration", m.Sel.Name == "Float64" && !unit:
			faults = append(faults, fmt.Sprintf("%s: %s: a time is zap.Float64 and its name ends in _seconds", s.at(call.Pos()), name))
		case !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(name):
			faults = append(faults, fmt.Sprintf("%s: %s: names of fields are snake_case", s.at(call.Pos()), name))
		}
	}
	if logLevels[m.Sel.Name] == "" && m.Sel.Name != "Log" || isLogger(m.X) {
		return faults
	}
	for _, arg := range call.Args {
		if made, ok := arg.(*ast.CallExpr); ok {
			if _, isField := fieldOf(made); isField {
				faults = append(faults, s.at(call.Pos())+": a log must be called log, Log or seldom, or nobody finds its lines")
			}
		}
	}
	return faults
}

// librariesHeading ends what the page promises: of the lines below nothing is known here.
const librariesHeading = "\n## Lines of libraries\n"

// pageOfLogs is docs/logs.md: a row for each message, and one for each field.
type pageOfLogs struct {
	levels, fields map[string]string // by message: the words of the cell
	meaning        map[string]string // by field
}

func readLogPage(t *testing.T) pageOfLogs {
	t.Helper()
	text, err := os.ReadFile("docs/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	p := pageOfLogs{map[string]string{}, map[string]string{}, map[string]string{}}
	before, after, ok := strings.Cut(string(text), "\n## Fields\n")
	if !ok {
		t.Fatal("docs/logs.md has no heading Fields")
	}
	before, _, ok = strings.Cut(before, librariesHeading)
	if !ok {
		t.Fatal("docs/logs.md says nothing of what libraries write")
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]*)\\| ([^|]*)\\|")
	for _, m := range row.FindAllStringSubmatch(before, -1) {
		p.levels[m[1]], p.fields[m[1]] = words(m[2]), words(strings.ReplaceAll(m[3], "`", ""))
	}
	for _, m := range row.FindAllStringSubmatch(after, -1) {
		p.meaning[m[1]] = m[3]
	}
	return p
}

func words(text string) string {
	return strings.Join(slices.Sorted(slices.Values(strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' }))), " ")
}

func TestThePageOfLogsHasEveryMessageAndEveryFieldAndNoOther(t *testing.T) {
	p := readLogPage(t)
	levels, fields, all := map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}
	for _, l := range logLines(house(t)) {
		if levels[l.message] == nil {
			levels[l.message], fields[l.message] = map[string]bool{}, map[string]bool{}
		}
		maps.Copy(levels[l.message], l.levels)
		maps.Copy(fields[l.message], l.fields)
		maps.Copy(all, l.fields)
	}
	if len(levels) < 50 || len(all) < 40 {
		t.Errorf("%d messages and %d fields: that is not all", len(levels), len(all))
	}
	for message := range levels {
		l, f := strings.Join(slices.Sorted(maps.Keys(levels[message])), " "), strings.Join(slices.Sorted(maps.Keys(fields[message])), " ")
		if got, there := p.levels[message]; !there || got != l || p.fields[message] != f {
			t.Errorf("the page's row of %q says %q and %q, the program\n| `%s` | %s | `%s` |", message, got, p.fields[message],
				message, strings.ReplaceAll(l, " ", ", "), strings.ReplaceAll(f, " ", "` `"))
		}
		delete(p.levels, message)
	}
	for message := range p.levels {
		t.Errorf("the program never writes %q", message)
	}
	for name := range all {
		if strings.TrimSpace(p.meaning[name]) == "" {
			t.Errorf("the field %s is not explained", name)
		}
		delete(p.meaning, name)
	}
	for name := range p.meaning {
		t.Errorf("no line has a field %s", name)
	}
}
