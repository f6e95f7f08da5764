package diastole

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A dependency is code that nobody here reads and everybody here runs, so each
// direct one is named in docs/dependencies.md with the reason why it beats
// writing it, and what is no longer used leaves the page.
func TestEveryDependencyHasItsReason(t *testing.T) {
	// The second is of what packages are tested with: see test/package.
	mod, page := read(t, "go.mod")+read(t, "test/package/go.mod"), read(t, "docs/dependencies.md")
	for _, fault := range dependencyFaults(mod, page, house(t)) {
		t.Error(fault)
	}
}

// given are the libraries that the design brings along: they may wait on the
// page for the part that will use them.
var given = []string{
	"github.com/caddyserver/certmagic", "github.com/hashicorp/golang-lru/v2",
	"github.com/prometheus/client_golang", "go.uber.org/zap",
}

func dependencyFaults(mod, page string, house []source) (faults []string) {
	direct, named := directModules(mod, house), reasons(page)
	for _, m := range direct {
		if len(strings.Fields(named[m])) < 5 {
			faults = append(faults, fmt.Sprintf("docs/dependencies.md: no sentence says why %s beats writing it", m))
		}
	}
	for m := range named {
		if !slices.Contains(direct, m) && !slices.Contains(given, m) {
			faults = append(faults, fmt.Sprintf("docs/dependencies.md: %s is named, but nothing of ours uses it", m))
		}
	}
	return faults
}

// directModules are the modules of go.mod that a file of ours imports or a tool
// line names. The "// indirect" marks are not asked: they say what was so when
// `go mod tidy` ran last.
func directModules(mod string, house []source) (direct []string) {
	var used []string
	for _, s := range house {
		for _, spec := range s.file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			used = append(used, name)
		}
	}
	for _, tool := range regexp.MustCompile(`(?m)^tool (\S+)$`).FindAllStringSubmatch(mod, -1) {
		used = append(used, tool[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^(?:\t|require )(\S+) v\S+`).FindAllStringSubmatch(mod, -1) {
		if slices.ContainsFunc(used, func(u string) bool { return u == m[1] || strings.HasPrefix(u, m[1]+"/") }) {
			direct = append(direct, m[1])
		}
	}
	return direct
}

// reasons reads the page's tables: | `module` | why |
func reasons(page string) map[string]string {
	named := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)\\|$").FindAllStringSubmatch(page, -1) {
		named[row[1]] = row[2]
	}
	return named
}

func TestADependencyWithoutAReasonIsRefused(t *testing.T) {
	const mod = "module m\n\nrequire (\n\texample.com/yaml v1.0.0 // indirect\n\texample.com/lint/v2 v2.0.0\n\texample.com/deep v1.0.0\n)\n\ntool example.com/lint/v2/cmd/lint\n"
	house := parseAll(t, one("a.go", `package a; import _ "example.com/yaml/ast"`))
	yaml, lint := "| `example.com/yaml` | it tells the line of each key |\n", "| `example.com/lint/v2` | finds what vet does not find |\n"
	for _, c := range []struct{ name, page, want string }{
		{"used, not named", lint, "why example.com/yaml beats writing it"},
		{"a tool, not named", yaml, "why example.com/lint/v2 beats"},
		{"named without a reason", lint + "| `example.com/yaml` | yaml |\n", "why example.com/yaml beats"},
		{"named, not used", yaml + lint + "| `example.com/old` | it was good when we used it |\n", "example.com/old is named, but"},
		{"somebody else's", yaml + lint + "| `example.com/deep` | the yaml library needs it to run |\n", "example.com/deep is named, but"},
		{"given, used later", yaml + lint + "| `go.uber.org/zap` | one JSON object a line |\n", ""},
		{"all in order", yaml + lint, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := dependencyFaults(mod, c.page, house)
			if got := strings.Join(faults, "\n"); c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("faults %q, want %q", got, c.want)
			}
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
