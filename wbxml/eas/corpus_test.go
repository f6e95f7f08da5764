package eas

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// script has the generator write its documents and queries to a pipe, in the
// order of its own main and without a file for each.
const script = `
import json, random, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import gen
n, r = int(sys.argv[2]), random.Random(int(sys.argv[3]))
for make in gen.valid, gen.lenient, gen.malformed:
    for _ in range(n):
        doc, features, ping, tree, *rest = make(r)
        print(json.dumps(dict(doc=doc.hex(), features=features, ping=ping, must=rest[0] if rest else "accept")))
for _ in range(n):
    print(json.dumps(gen.uri(r)))
`

// generate runs the generator, which knows how each document and query is to
// be read, and gives its output line by line.
func generate(t *testing.T, n, seed int) *bufio.Scanner {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3 is not installed, and the generated documents are part of the tests: apt-get install python3")
		}
		t.Skip("left out: python3 is not installed, which generates the documents")
	}
	cmd := exec.Command(python, "-c", script, filepath.Join("..", "testdata"), strconv.Itoa(n), strconv.Itoa(seed))
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		out.Close()
		if err := cmd.Wait(); err != nil && !t.Failed() {
			t.Errorf("%v: %s", err, complaint.Bytes())
		}
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return lines
}

func next(t *testing.T, lines *bufio.Scanner, into any) {
	t.Helper()
	if !lines.Scan() {
		t.Fatalf("the generator ended: %v", lines.Err())
	}
	if err := json.Unmarshal(lines.Bytes(), into); err != nil {
		t.Fatal(err)
	}
}

// generated is a Ping document and how it is to be read.
type generated struct {
	Doc, Must string
	Features  []string
	Ping      *struct {
		Empty        bool
		Heartbeat    *string
		Folders      []wantFolder
		HasHeartbeat bool `json:"has_heartbeat"`
		HasFolders   bool `json:"has_folders"`
	}
}

// sameAs tells whether a document was read as the generator meant it.
func (g *generated) sameAs(p *PingRequest) bool {
	want := g.Ping
	return p.HasInterval == want.HasHeartbeat && p.HasFolders == want.HasFolders &&
		(want.Heartbeat == nil || string(p.IntervalText) == *want.Heartbeat) &&
		sameFolders(p.Folders, want.Folders) &&
		want.Empty == !(p.HasInterval || p.HasFolders)
}

// generatedEach is how many of each set are made per seed.
func generatedEach() int {
	if testing.Short() {
		return 200
	}
	return 2000
}

func TestGeneratedDocumentsAndQueriesAreReadAsMeant(t *testing.T) {
	for seed := 1; seed <= 3; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			lines := generate(t, generatedEach(), seed)
			pings(t, lines, generatedEach())
			queries(t, lines, generatedEach())
		})
	}
}

func pings(t *testing.T, lines *bufio.Scanner, n int) {
	var p PingRequest
	seen := map[string]int{}
	for range 3 * n {
		var g generated
		next(t, lines, &g)
		body := []byte(unhex(t, g.Doc))
		err := p.Parse(body)
		seen[fmt.Sprint(g.Must, " ", err == nil)]++
		switch {
		case g.Must == "reject" && err == nil:
			t.Errorf("%.200x %v: read as %+v", body, g.Features, p)
		case g.Must == "accept" && err != nil:
			t.Errorf("%.200x %v: %v", body, g.Features, err)
		case err == nil && g.Ping != nil && !g.sameAs(&p):
			t.Errorf("%.200x %v: read as %+v, meant %+v", body, g.Features, p, g.Ping)
		}
	}
	if seen["accept true"] < n || seen["any true"] < n/7 || seen["reject false"] < n/7 {
		t.Errorf("the documents were read so: %v", seen)
	}
}

// generatedQuery is a base64 query and how it is to be read.
type generatedQuery struct {
	Query, Must string
	Features    []string
	Expect      *struct {
		Version, Cmd string
		Locale       uint16
		DeviceID     string `json:"deviceid_hex"`
		PolicyKey    *uint32
		DeviceType   string
		Params       [][2]any
	}
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (g *generatedQuery) envelope(t *testing.T) Envelope {
	t.Helper()
	command, _ := ParseCommand(g.Expect.Cmd)
	e := Envelope{Command: command, CommandName: g.Expect.Cmd, Version: g.Expect.Version, Locale: g.Expect.Locale,
		DeviceID: unhex(t, g.Expect.DeviceID), DeviceType: g.Expect.DeviceType, Base64: true}
	if g.Expect.PolicyKey != nil {
		e.PolicyKey = fmt.Sprint(*g.Expect.PolicyKey)
	}
	for _, p := range g.Expect.Params {
		value := unhex(t, p[1].(string))
		switch p[0].(float64) {
		case 0:
			e.AttachmentName = value
		case 1:
			e.CollectionID = value
		case 3:
			e.ItemID = value
		case 7:
			e.SaveInSent, e.AcceptMultipart = value[0]&1 != 0, value[0]&2 != 0
		case 8:
			e.User = value
		default:
			t.Fatalf("parameter %v is not expected here", p)
		}
	}
	return e
}

func queries(t *testing.T, lines *bufio.Scanner, n int) {
	read, refused := 0, 0
	for range n {
		var g generatedQuery
		next(t, lines, &g)
		e, err := ParseQuery(g.Query)
		switch {
		case err != nil && g.Must == "accept":
			t.Errorf("%s %v: %v", g.Query, g.Features, err)
		case err != nil:
			refused++
		case g.Must == "reject":
			t.Errorf("%s %v: read as %+v", g.Query, g.Features, e)
		case e != g.envelope(t):
			t.Errorf("%s %v:\ngot  %+v\nwant %+v", g.Query, g.Features, e, g.envelope(t))
		default:
			read++
		}
	}
	if read < n/2 || refused < n/20 {
		t.Errorf("%d queries were read, %d refused", read, refused)
	}
}
