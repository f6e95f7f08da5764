package diastole

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// module is our own import path; what lies below it is a room of the house.
const module = "github.com/diastole/diastole"

// A source is one Go file of the house, parsed. The rules read the files
// themselves: a test that asks `go list` is answered "ok (cached)" with a
// forbidden import in place, because the go command tracks only what the test
// opens, not what a process it starts opens.
type source struct {
	path  string // from the root of the repository, with slashes
	fset  *token.FileSet
	file  *ast.File
	lines int
}

// room is the directory of the file, "." for the root.
func (s source) room() string { return path.Dir(s.path) }

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// in says whether the file lies in one of the rooms or below it.
func (s source) in(rooms ...string) bool {
	for _, room := range rooms {
		if s.room() == room || strings.HasPrefix(s.room(), room+"/") {
			return true
		}
	}
	return false
}

// at is a position for people: file:line.
func (s source) at(pos token.Pos) string {
	return s.path + ":" + strconv.Itoa(s.fset.Position(pos).Line)
}

// parse reads one file.
func parse(path string, text []byte) (source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{path, fset, file, strings.Count(string(text), "\n")}, err
}

// house is every Go file of the repository.
func house(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && left(entry.Name()) {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(name), text)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatalf("reading the house: %v", err)
	}
	return all
}

// left says whether the house's rules leave a directory out: what the go
// command leaves out too, and what `make` builds.
func left(dir string) bool {
	return dir != "." && strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_") || dir == "bin" || dir == "testdata"
}
