package wbxml

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// generated is one line of expected.jsonl; testdata/gen.py says what its fields mean.
type generated struct {
	File, Set, Must, Layer string
	Features               []string
	Tree                   json.RawMessage

	doc []byte
}

// need gives the path of a program, or leaves the test out; where CI is set it must be there.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatalf("CI is set and %s is not installed: %v", program, err)
	} else if err != nil {
		t.Skipf("left out: %s is not installed", program)
	}
	return path
}

// generate makes n documents of each set.
func generate(t *testing.T, n, seed int) []generated {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(need(t, "python3"), "testdata/gen.py", dir, "-n", fmt.Sprint(n), "-s", fmt.Sprint(seed))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	list, err := os.Open(filepath.Join(dir, "expected.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	var all []generated
	lines := bufio.NewScanner(list)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var g generated
		if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		if g.doc, err = os.ReadFile(filepath.Join(dir, g.File)); err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	if lines.Err() != nil || len(all) != 3*n {
		t.Fatalf("%d documents, want %d: %v", len(all), 3*n, lines.Err())
	}
	return all
}

// asGenerated prints a tree as gen.py does: [page, tag, [child, ...]], where a child {"t": hex} is text.
func asGenerated(b []byte, n *node) []byte {
	if n.isText {
		return fmt.Appendf(b, `{"t": "%x"}`, n.text)
	}
	b = fmt.Appendf(b, "[%d, %d, [", n.page, n.tag)
	for i, k := range n.kids {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = asGenerated(b, k)
	}
	return append(b, "]]"...)
}

// refused are the features of well-formed documents that we refuse by design: MS-ASWBXML 2.1.3 excludes the first
// three, and a charset that is not UTF-8 would make us read other text than the device wrote.
var refused = []string{"strt-valid", "entity-valid", "pi-skip", "other-charset"}

func TestGeneratedDocumentsReadAsTheirMakerSays(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 200
	}
	for seed := 1; seed <= 3; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			verdicts := map[string]int{}
			for _, g := range generate(t, n, seed) {
				verdicts[g.Set+" "+judge(t, g)]++
			}
			t.Log(verdicts)
			if verdicts["valid read"] != n || verdicts["malformed refused"] < n*7/10 || verdicts["lenient read"] < n*7/10 {
				t.Errorf("%v: too few were read or refused for this to prove anything", verdicts)
			}
		})
	}
}

// judge compares what we read with what is expected and tells whether we read or refused it.
func judge(t *testing.T, g generated) string {
	t.Helper()
	got := threeModes(t, g.doc, Limits{}, uint64(len(g.doc)))
	if got.err != nil {
		byDesign := slices.ContainsFunc(g.Features, func(f string) bool { return slices.Contains(refused, f) })
		if g.Must == "accept" || g.Set == "lenient" && !byDesign {
			t.Errorf("%s %v: %v", g.File, g.Features, got.err)
		}
		return "refused"
	}
	if g.Must == "reject" && g.Layer == "wbxml" {
		t.Errorf("%s %v: read as %v", g.File, g.Features, tree(got.events))
	}
	// A document that nobody can say the tree of has null there; a valid one never.
	noTree := g.Set != "valid" && string(g.Tree) == "null"
	if have := asGenerated(nil, tree(got.events)); !noTree && string(g.Tree) != string(have) {
		t.Errorf("%s %v:\n got %s\nwant %s", g.File, g.Features, have, g.Tree)
	}
	return "read"
}
