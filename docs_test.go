package diastole

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// linkIn finds [text](target) and ![text](target) in a page; what is in a fence of
// code is no link.
var (
	linkIn  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
)

// pages are the texts for people: docs, and those at the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			all[filepath.ToSlash(name)] = fence.ReplaceAllString(read(t, name), "")
		}
	}
	return all
}

// anchors are the names that GitHub gives to the headings of a page: lower case,
// punctuation taken out, blanks as hyphens.
func anchors(page string) (names []string) {
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		text := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(m[1], "$1")
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, text))
	}
	return names
}

// broken are the links of the pages that lead nowhere: to no file, or to no heading.
func broken(all map[string]string, there func(path string) bool) (faults []string) {
	for name, text := range all {
		for _, link := range linkIn.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := name
			if target != "" {
				path = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			}
			page, isPage := all[path]
			if !isPage && !there(path) || anchor != "" && isPage && !slices.Contains(anchors(page), anchor) {
				faults = append(faults, name+": "+link[1]+" leads nowhere")
			}
		}
	}
	return faults
}

func TestEveryLinkOfThePagesLeadsSomewhere(t *testing.T) {
	all := pages(t)
	for _, fault := range broken(all, func(path string) bool { _, err := os.Stat(path); return err == nil }) {
		t.Error(fault)
	}
	if len(all) < 30 {
		t.Errorf("only %d pages were found", len(all))
	}
}

func TestEveryPageIsListedByTask(t *testing.T) {
	all := pages(t)
	for name := range all {
		page, isDoc := strings.CutPrefix(name, "docs/")
		if isDoc && page != "README.md" && !strings.Contains(all["docs/README.md"], "]("+page+")") {
			t.Errorf("docs/README.md does not list %s", page)
		}
	}
	if !strings.Contains(all["README.md"], "](docs/README.md)") {
		t.Error("README.md does not lead to docs/README.md")
	}
}

// A claim that names the test that holds it is worth as much as that test: one that
// was renamed or deleted holds nothing.
func TestEveryTestThatAPageNamesIsThere(t *testing.T) {
	there := map[string]bool{}
	for _, s := range house(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				there[f.Name.Name] = true
			}
		}
	}
	named := 0
	for page, text := range pages(t) {
		for _, name := range regexp.MustCompile("`(Test[A-Z]\\w+)`").FindAllStringSubmatch(text, -1) {
			named++
			if !there[name[1]] && name[1] != "TestName" {
				t.Errorf("%s names %s, and there is no such test", page, name[1])
			}
		}
	}
	if named < 50 {
		t.Errorf("only %d tests are named", named)
	}
}

// said are all texts in the program, of which messages are made, one after the other.
func said(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, s := range house(t) {
		if s.test() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, err := strconv.Unquote(l.Value); err == nil {
					all.WriteString(text + "\x00")
				}
			}
			return true
		})
	}
	return all.String()
}

// varying is what stands between the fixed parts of a message: names, figures, addresses.
var varying = regexp.MustCompile(`\.\.\.|[:;,()?]|"[^"]*"|\S*[\d/]\S*`)

// elsewhere are parts that others say: the system, whoever wrote the key, the HTTP answer.
var elsewhere = []string{"address already in use", "no such file or directory", "permission denied", "upstream.nosuch", "is not ready", "looked for beside this file", "listen tcp"}

// Whoever looks for the message on his screen must find it letter by letter.
func TestTheMessagesOfTheTroubleshootingPageAreThoseOfTheProgram(t *testing.T) {
	_, text, _ := strings.Cut(pages(t)["docs/troubleshooting.md"], "## It does not start")
	program, parts := said(t), 0
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(text, -1) {
		for _, part := range varying.Split(row[1], -1) {
			part = strings.TrimSpace(part)
			if len(part) < 8 || slices.Contains(elsewhere, part) {
				continue
			}
			if parts++; !strings.Contains(program, part) {
				t.Errorf("the program does not say %q, of %q", part, row[1])
			}
		}
	}
	if parts < 40 {
		t.Errorf("only %d parts of messages", parts)
	}
}

func TestALinkThatLeadsNowhereIsFound(t *testing.T) {
	for link, want := range map[string]bool{
		"[a](b.md)": false, "[a](b.md#what-is-b)": false, "[a](#here-its-me)": false, "![a](x.png)": false, "[a](https://example.com/#x)": false,
		"[a](c.md)": true, "[a](b.md#what-is-c)": true, "[a](#there)": true, "![a](y.png)": true,
	} {
		all := map[string]string{"docs/a.md": "# Here, it's me\n" + link, "docs/b.md": "## What is `B`?\n"}
		faults := broken(all, func(path string) bool { return path == "docs/x.png" })
		if (len(faults) > 0) != want {
			t.Errorf("%s: %q", link, faults)
		}
	}
}
