package diastole

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

const (
	longestFile     = 500
	longestMedian   = 150
	longestFunction = 60
)

// packageComments asks for exactly one comment a package: with none the reader
// guesses what it is for, with two godoc glues them together in file order.
func packageComments(house []source) (faults []string) {
	comments := map[string][]string{} // room -> files with a package comment
	for _, s := range house {
		if s.test() {
			continue
		}
		if _, seen := comments[s.room()]; !seen {
			comments[s.room()] = nil
		}
		if s.file.Doc == nil {
			continue
		}
		comments[s.room()] = append(comments[s.room()], s.path)
		name := s.file.Name.Name
		if text := s.file.Doc.Text(); name != "main" && !strings.HasPrefix(text, "Package "+name+" ") {
			faults = append(faults, fmt.Sprintf("%s: the package comment must begin with \"Package %s \"", s.path, name))
		}
	}
	for room, files := range comments {
		if len(files) != 1 {
			faults = append(faults, fmt.Sprintf("%s: %d package comments, want one (what it is for, what it will not do): %v", room, len(files), files))
		}
	}
	return faults
}

// packageNames refuses names under which anything can be put.
func packageNames(house []source) (faults []string) {
	for _, s := range house {
		name := strings.TrimSuffix(s.file.Name.Name, "_test")
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "types", "misc", "pkg"}, name) {
			faults = append(faults, fmt.Sprintf("%s: package %s says nothing: name it after what it does", s.path, name))
		}
	}
	return faults
}

func fileLength(house []source) (faults []string) {
	for _, s := range house {
		if s.lines > longestFile {
			faults = append(faults, fmt.Sprintf("%s: %d lines, at most %d: it holds more than one idea", s.path, s.lines, longestFile))
		}
	}
	return faults
}

func medianLength(house []source) (faults []string) {
	var lines []int
	for _, s := range house {
		if !s.test() {
			lines = append(lines, s.lines)
		}
	}
	slices.Sort(lines)
	if len(lines) > 0 && lines[len(lines)/2] > longestMedian {
		faults = append(faults, fmt.Sprintf("the median file has %d lines, at most %d", lines[len(lines)/2], longestMedian))
	}
	return faults
}

// functionLength counts what must be read in one look. In a test neither the
// table of cases counts, which is data, nor the body of a t.Run, which is a test
// of its own and is counted as one.
func functionLength(house []source) (faults []string) {
	for _, s := range house {
		ast.Inspect(s.file, func(n ast.Node) bool {
			name := ""
			switch f := n.(type) {
			case *ast.FuncDecl:
				name = f.Name.Name
			case *ast.FuncLit:
				name = "a function"
			default:
				return true
			}
			lines := s.linesOf(n)
			if s.test() {
				lines -= s.apart(n)
			}
			if lines > longestFunction {
				faults = append(faults, fmt.Sprintf("%s: %s has %d lines, at most %d: it cannot be read in one look", s.at(n.Pos()), name, lines, longestFunction))
			}
			return true
		})
	}
	return faults
}

func (s source) linesOf(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

// apart are the lines of tables and functions within n that are read apart.
func (s source) apart(n ast.Node) (lines int) {
	ast.Inspect(n, func(inner ast.Node) bool {
		switch inner.(type) {
		case *ast.CompositeLit, *ast.FuncLit:
			if inner != n {
				lines += s.linesOf(inner) - 1
				return false
			}
		}
		return true
	})
	return lines
}
