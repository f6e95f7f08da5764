package diastole

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// A logLine is one call that writes to the log.
type logLine struct {
	at      string
	message string // "" where it is not a constant
	levels  map[string]bool
	fields  map[string]bool
}

// logLevels are the methods of zap.Logger, and the names of its levels.
var logLevels = map[string]string{"Debug": "debug", "Info": "info", "Warn": "warn", "Error": "error"}

// loggers are what a log is called wherever one is kept. A rule sees to it that no line
// is written on anything else.
var loggers = map[string]bool{"log": true, "Log": true, "seldom": true}

// logLines are all lines that the program can write with zap.
func logLines(house []source) (lines []logLine) {
	for _, s := range house {
		if s.test() || !s.in("cmd", "proxy", "internal") {
			continue
		}
		scope := fieldScope{house, s}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && isLogged(call) {
					lines = append(lines, scope.line(f, call))
				}
				return true
			})
		}
	}
	return lines
}

// isLogged tells whether a call writes to a log.
func isLogged(call *ast.CallExpr) bool {
	method, ok := call.Fun.(*ast.SelectorExpr)
	return ok && (logLevels[method.Sel.Name] != "" || method.Sel.Name == "Log") && isLogger(method.X)
}

func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return loggers[x.Name]
	case *ast.SelectorExpr:
		return loggers[x.Sel.Name]
	case *ast.CallExpr:
		method, ok := x.Fun.(*ast.SelectorExpr)
		return ok && (method.Sel.Name == "Named" || method.Sel.Name == "With") && isLogger(method.X)
	}
	return false
}

// fieldScope is where the fields of a file's lines come from.
type fieldScope struct {
	house []source
	source
}

// line reads one call in f.
func (s fieldScope) line(f *ast.FuncDecl, call *ast.CallExpr) logLine {
	l := logLine{at: s.at(call.Pos()), levels: map[string]bool{}, fields: map[string]bool{}}
	method, args := call.Fun.(*ast.SelectorExpr).Sel.Name, call.Args
	if method == "Log" {
		if s.levelsIn(f, args[0], l.levels); len(l.levels) == 0 {
			l.levels[""] = true // nobody can tell
		}
		args = args[1:]
	} else {
		l.levels[logLevels[method]] = true
	}
	l.message, _ = constant(args[0])
	for _, arg := range args[1:] {
		s.fieldsIn(f, arg, l.fields)
	}
	ast.Inspect(s.file, func(n ast.Node) bool { // With: of all lines of the file
		if with, ok := n.(*ast.CallExpr); ok {
			if m, ok := with.Fun.(*ast.SelectorExpr); ok && m.Sel.Name == "With" && isLogger(m.X) {
				s.fieldsIn(f, with, l.fields)
			}
		}
		return true
	})
	return l
}

// constant is the text of a literal, or of several that are added.
func constant(x ast.Expr) (text string, ok bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, err == nil && x.Kind == token.STRING
	case *ast.BinaryExpr:
		a, one := constant(x.X)
		b, two := constant(x.Y)
		if one && two {
			return a + b, true
		}
	}
	return "", false
}

// fieldsIn collects the names of fields that are made in x, in what its variables were
// given, and in the functions that it calls for fields.
func (s fieldScope) fieldsIn(f *ast.FuncDecl, x ast.Node, found map[string]bool) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if name, ok := fieldOf(n); ok {
				found[name] = true
				return false
			}
			switch of := n.Fun.(type) {
			case *ast.SelectorExpr:
				s.fieldsOf(of.Sel.Name, found)
			case *ast.Ident:
				s.fieldsOf(of.Name, found)
			}
		case *ast.Ident:
			s.assigned(f, n.Name, func(value ast.Expr) { s.fieldsIn(f, value, found) })
			s.passed(f, n.Name, found)
		}
		return true
	})
}

// fieldOf is the name of the field that a call of zap makes.
func fieldOf(call *ast.CallExpr) (name string, ok bool) {
	m, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	if of, ok := m.X.(*ast.Ident); !ok || of.Name != "zap" {
		return "", false
	}
	if m.Sel.Name == "Error" && len(call.Args) == 1 {
		return "error", true
	}
	if len(call.Args) < 2 {
		return "", false
	}
	return constant(call.Args[0])
}

// fieldsOf are those of a function of the room that returns some.
func (s fieldScope) fieldsOf(name string, found map[string]bool) {
	for _, other := range s.house {
		if other.test() || other.room() != s.room() {
			continue
		}
		for _, d := range other.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == name && f.Type.Results != nil && mentions(f.Type.Results, "Field") {
				s.fieldsIn(f, f.Body, found)
			}
		}
	}
}

// passed are the fields that callers pass to f in a parameter of that name.
func (s fieldScope) passed(f *ast.FuncDecl, name string, found map[string]bool) {
	for _, p := range f.Type.Params.List {
		if len(p.Names) == 0 || p.Names[0].Name != name || !mentions(p.Type, "Field") {
			continue
		}
		for _, other := range s.house {
			if other.test() || !strings.HasPrefix(other.room(), s.room()) {
				continue
			}
			ast.Inspect(other.file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if m, ok := call.Fun.(*ast.SelectorExpr); ok && m.Sel.Name == f.Name.Name {
						for _, arg := range call.Args {
							if made, ok := arg.(*ast.CallExpr); ok {
								if field, ok := fieldOf(made); ok {
									found[field] = true
								}
							}
						}
					}
				}
				return true
			})
		}
	}
}

// levelsIn collects the levels that x, or a variable in it, may be.
func (s fieldScope) levelsIn(f *ast.FuncDecl, x ast.Expr, found map[string]bool) {
	if m, ok := x.(*ast.SelectorExpr); ok {
		found[logLevels[strings.TrimSuffix(m.Sel.Name, "Level")]] = true
	}
	if v, ok := x.(*ast.Ident); ok {
		s.assigned(f, v.Name, func(value ast.Expr) { s.levelsIn(f, value, found) })
	}
}

// assigned calls each with all that is assigned in f to a variable of that name, but for
// what makes it of itself.
func (s fieldScope) assigned(f *ast.FuncDecl, name string, each func(ast.Expr)) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Lhs) != len(a.Rhs) {
			return true
		}
		for i, to := range a.Lhs {
			if v, ok := to.(*ast.Ident); !ok || v.Name != name {
				continue
			}
			if call, ok := a.Rhs[i].(*ast.CallExpr); ok && mentions(call, name) { // fields = append(fields, ...)
				for _, arg := range call.Args[1:] {
					each(arg)
				}
				continue
			}
			each(a.Rhs[i])
		}
		return true
	})
}

// mentions tells whether an identifier stands somewhere in n.
func mentions(n ast.Node, name string) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}
