package diastole

import (
	"go/ast"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// handedTo are the libraries that are given a log, or a word on where theirs goes. What
// they write there logLines cannot see: the page has to say that it is not all.
func handedTo(house []source) map[string]bool {
	libraries := map[string]bool{}
	for _, s := range house {
		if s.test() || !s.in("cmd", "proxy", "internal") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if path := s.library(n.Type); path != "" && slices.ContainsFunc(n.Elts, takesLog) {
					libraries[path] = true
				}
			case *ast.CallExpr:
				if m, ok := n.Fun.(*ast.SelectorExpr); ok && regexp.MustCompile(`^(Set\w*(Logger|Output|Default)|RedirectStdLog\w*)$`).MatchString(m.Sel.Name) {
					libraries[s.library(m)] = true
				}
			}
			return true
		})
	}
	if libraries["go.uber.org/zap"] { // RedirectStdLog: it takes in what package log writes
		delete(libraries, "go.uber.org/zap")
		libraries["log"] = true
	}
	delete(libraries, "") // a method of ours
	return libraries
}

// takesLog tells whether a part of a literal is the log of what is made. Ours are Log.
func takesLog(part ast.Expr) bool {
	kv, ok := part.(*ast.KeyValueExpr)
	if !ok {
		return false
	}
	key, ok := kv.Key.(*ast.Ident)
	return ok && (key.Name == "Logger" || key.Name == "ErrorLog")
}

// library is the import path of what a name like http.Server is from; "": of none, or ours.
func (s source) library(x ast.Expr) string {
	m, ok := x.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	of, ok := m.X.(*ast.Ident)
	if !ok {
		return ""
	}
	for _, i := range s.file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		if strings.HasPrefix(path, module) {
			continue
		}
		if i.Name != nil && i.Name.Name == of.Name || i.Name == nil && path[strings.LastIndexByte(path, '/')+1:] == of.Name {
			return path
		}
	}
	return ""
}

func TestThePageOfLogsNamesEachLibraryThatWritesIntoTheLog(t *testing.T) {
	text, err := os.ReadFile("docs/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(string(text), librariesHeading)
	rows, _, _ = strings.Cut(rows, "\n## ")
	var named []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(rows, -1) {
		named = append(named, m[1])
	}
	slices.Sort(named)
	if got := slices.Sorted(maps.Keys(handedTo(house(t)))); !slices.Equal(got, named) {
		t.Errorf("the page names %q, a log is given to %q", named, got)
	}
}

func TestALibraryThatIsGivenALogIsFound(t *testing.T) {
	for text, want := range map[string]string{
		`package edge; import "net/http"; var s = &http.Server{Addr: "", ErrorLog: nil}`:                          "net/http",
		`package edge; import "github.com/caddyserver/certmagic"; var s = certmagic.Config{Logger: log}`:          "github.com/caddyserver/certmagic",
		`package edge; import r "github.com/redis/go-redis/v9"; func f() { r.SetLogger(nil) }`:                    "github.com/redis/go-redis/v9",
		`package edge; import "go.uber.org/zap"; func f() { zap.RedirectStdLogAt(log, 0) }`:                       "log",
		`package edge; import "log/slog"; func f() { slog.SetDefault(nil) }`:                                      "log/slog",
		`package edge; import "` + module + `/proxy"; var p = proxy.Config{Logger: log}`:                          "",
		`package edge; import "net/http"; type own struct{ Logger int }; var o = own{Logger: 1}; var s = []int{}`: "",
	} {
		found := handedTo(parseAll(t, one("internal/edge/a.go", text)))
		if got := strings.Join(slices.Sorted(maps.Keys(found)), " "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
