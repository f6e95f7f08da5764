package diastole

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A ban is a call that is wrong in some rooms, and why it is.
type ban struct {
	names []string // import path and name: "net/http.DefaultClient"
	here  func(source) bool
	why   string
	mains bool // TestMain may: it is the main of a test
}

var bans = []ban{
	{[]string{"time.Now", "time.Since", "time.Until"},
		func(s source) bool { return s.in(pure...) && !s.test() },
		"deciders take now as an argument, so that a test can live a week in a millisecond", false},
	{[]string{"os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln"},
		func(s source) bool { return !s.in("cmd", "test") },
		"only main ends the process; anywhere else it skips the drain that others deferred", true},
	{[]string{"net/http.DefaultClient", "net/http.DefaultTransport", "net/http.Get", "net/http.Head", "net/http.Post", "net/http.PostForm"},
		func(source) bool { return true },
		"it is shared by the whole process, unpacks gzip, follows redirects and never times out: make one", false},
	{[]string{"context.Background", "context.TODO"},
		func(s source) bool { return !s.in("cmd", "test") && !s.test() },
		"work under it outlives the phone and the drain: take the caller's context", false},
	{[]string{"net/http/httputil.NewSingleHostReverseProxy"},
		func(source) bool { return true },
		"it uses Director, which lets a phone strip headers by naming them in Connection: use Rewrite", false},
}

func forbiddenCalls(house []source) (faults []string) {
	for _, s := range house {
		names, mains := imported(s), testMains(s)
		ast.Inspect(s.file, func(n ast.Node) bool {
			call := qualified(n, names)
			for _, ban := range bans {
				if slices.Contains(ban.names, call) && ban.here(s) && !(ban.mains && inside(n.Pos(), mains)) {
					faults = append(faults, fmt.Sprintf("%s: %s: %s", s.at(n.Pos()), call, ban.why))
				}
			}
			return true
		})
		if dot, hides := names["."]; hides {
			faults = append(faults, fmt.Sprintf("%s: import . %q hides whose names are used", s.path, dot))
		}
	}
	return faults
}

// testMains gives the file's TestMain, if it is a test and has one.
func testMains(s source) (mains []ast.Node) {
	for _, decl := range s.file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && s.test() && f.Recv == nil && f.Name.Name == "TestMain" {
			mains = append(mains, f)
		}
	}
	return mains
}

// imported maps the names that a file gives to packages to their paths.
func imported(s source) map[string]string {
	names := map[string]string{}
	for _, spec := range s.file.Imports {
		to, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(to)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = to
	}
	return names
}

// qualified is "net/http.DefaultClient" for such a selector, "" for anything else.
func qualified(n ast.Node, names map[string]string) string {
	selector, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	left, ok := selector.X.(*ast.Ident)
	if !ok || names[left.Name] == "" {
		return ""
	}
	return names[left.Name] + "." + selector.Sel.Name
}

// director refuses ReverseProxy{Director: ...}: hop-by-hop headers are taken
// away after Director ran, so a phone that sends "Connection: X-Forwarded-For"
// takes away what Director set. Rewrite runs last.
func director(house []source) (faults []string) {
	for _, s := range house {
		ast.Inspect(s.file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok || !strings.HasSuffix(qualified(literal.Type, imported(s)), "httputil.ReverseProxy") {
				return true
			}
			for _, element := range literal.Elts {
				pair, ok := element.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Director" {
					faults = append(faults, s.at(pair.Pos())+": ReverseProxy{Director: use Rewrite, Director's headers can be stripped by the phone")
				}
			}
			return true
		})
	}
	return faults
}

// realSleeps refuses time.Sleep in tests: on a busy machine it is too short, on
// an idle one a waste. In a synctest bubble a sleep costs nothing: in what is
// passed to synctest.Test or to a function of the room that calls it, and in
// helpers of such a room, which cannot be told apart. The end-to-end tests
// under test/ wait for real servers and may.
func realSleeps(house []source) (faults []string) {
	makers := bubbleMakers(house)
	for _, s := range house {
		if !s.test() || s.in("test") {
			continue
		}
		names := imported(s)
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if ok && !strings.HasPrefix(f.Name.Name, "Test") && makers[s.room()] != nil {
				continue
			}
			var bubbles []ast.Node
			ast.Inspect(decl, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && makesBubble(call, names, makers[s.room()]) {
					bubbles = append(bubbles, call)
				}
				if qualified(n, names) == "time.Sleep" && !inside(n.Pos(), bubbles) {
					faults = append(faults, s.at(n.Pos())+": time.Sleep outside a synctest bubble: wait for the event")
				}
				return true
			})
		}
	}
	return faults
}

// bubbleMakers are, for each room, the functions that call synctest.Test.
func bubbleMakers(house []source) map[string][]string {
	makers := map[string][]string{}
	for _, s := range house {
		names := imported(s)
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			ast.Inspect(decl, func(n ast.Node) bool {
				if ok && qualified(n, names) == "testing/synctest.Test" {
					makers[s.room()] = append(makers[s.room()], f.Name.Name)
				}
				return true
			})
		}
	}
	return makers
}

// makesBubble says whether a call runs its arguments in a bubble.
func makesBubble(call *ast.CallExpr, names map[string]string, makers []string) bool {
	name, ok := call.Fun.(*ast.Ident)
	return ok && slices.Contains(makers, name.Name) || qualified(call.Fun, names) == "testing/synctest.Test"
}

func inside(pos token.Pos, nodes []ast.Node) bool {
	return slices.ContainsFunc(nodes, func(n ast.Node) bool { return n.Pos() <= pos && pos < n.End() })
}
