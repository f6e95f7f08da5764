package eas

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// corpora is where the protocol data lies that may not be copied into the project.
const corpora = "../../../shared/corpora"

func corpus(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(corpora, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("left out: the protocol data is not beside the repository: %v", err)
	}
	return path
}

func TestEveryTagOfTheSpecificationHasItsName(t *testing.T) {
	f, err := os.Open(corpus(t, "token_table.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 600 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	seen := map[[2]byte]bool{}
	for _, row := range rows[1:] {
		page, tag := number(t, row[0]), number(t, row[2])
		seen[[2]byte{page, tag}] = true
		if ns, name, ok := TagName(page, tag); !ok || ns != row[1] || name != row[3] {
			t.Errorf("TagName(%d, 0x%02X) = %q, %q, %v; want %q, %q", page, tag, ns, name, ok, row[1], row[3])
		}
	}
	for page, w := range codePages {
		for tag, name := range w.names {
			// The retired page 3 is not in the table.
			if name != "" && page != 3 && !seen[[2]byte{byte(page), byte(tag)}] {
				t.Errorf("page %d has %s at 0x%02X; the table has nothing there", page, name, tag)
			}
		}
	}
}

func number(t *testing.T, s string) byte {
	n, err := strconv.ParseUint(s, 0, 8)
	if err != nil {
		t.Fatal(err)
	}
	return byte(n)
}

func TestTagsKnownByHeart(t *testing.T) {
	for _, k := range []struct {
		page, tag byte
		ns, name  string
	}{
		{0, 0x05, "AirSync", "Sync"},
		{0, 0x24, "AirSync", "Wait"},
		{0, 0x29, "AirSync", "HeartbeatInterval"},
		{3, 0x17, "AirNotify", "DeviceFriendlyName"},
		{6, 0x0C, "GetItemEstimate", "Estimate"},
		{7, 0x16, "FolderHierarchy", "FolderSync"},
		{13, 0x08, "Ping", "HeartbeatInterval"},
		{13, 0x0D, "Ping", "MaxFolders"},
		{14, 0x3B, "Provision", "AccountOnlyRemoteWipe"},
		{17, 0x05, "AirSyncBase", "BodyPreference"},
		{18, 0x2B, "Settings", "RightsManagementInformation"},
		{25, 0x05, "Find", "Find"},
	} {
		if ns, name, ok := TagName(k.page, k.tag); !ok || ns != k.ns || name != k.name {
			t.Errorf("TagName(%d, 0x%02X) = %q, %q, %v; want %q, %q", k.page, k.tag, ns, name, ok, k.ns, k.name)
		}
	}
}

func TestLookupIsTheWayBackFromTagName(t *testing.T) {
	xmlName := regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	count := 0
	for page, w := range codePages {
		if w.names[0x05] == "" || !xmlName.MatchString(w.namespace) {
			t.Errorf("page %d (%q) has no first tag or no proper name", page, w.namespace)
		}
		for tag, name := range w.names {
			if name == "" {
				continue
			}
			count++
			if tag < 0x05 || !xmlName.MatchString(name) {
				t.Errorf("page %d has %q at 0x%02X", page, name, tag)
			}
			// A name that stands twice on a page, or a namespace that two pages share, gives another place here.
			if p, g, ok := Lookup(w.namespace, name); !ok || int(p) != page || int(g) != tag {
				t.Errorf("Lookup(%q, %q) = %d, 0x%02X, %v; want %d, 0x%02X", w.namespace, name, p, g, ok, page, tag)
			}
		}
	}
	if len(codePages) != 26 || count != 645 {
		t.Errorf("%d pages with %d tags, want 26 with 645", len(codePages), count)
	}
}

func TestWhatIsNoTagHasNoName(t *testing.T) {
	if ns, name, ok := TagName(26, 0x05); ns != "" || name != "" || ok {
		t.Errorf("page 26: %q, %q, %v", ns, name, ok)
	}
	if ns, name, ok := TagName(13, 0x3F); ns != "Ping" || name != "" || ok {
		t.Errorf("tag 0x3F of Ping: %q, %q, %v", ns, name, ok)
	}
	for _, tag := range []byte{0x00, 0x04, 0x40, 0xFF} {
		if _, _, ok := TagName(13, tag); ok {
			t.Errorf("0x%02X has a name", tag)
		}
	}
	for _, pair := range [][2]string{{"Ping", "Pong"}, {"ping", "Ping"}, {"Ping", ""}, {"", "Ping"}} {
		if _, _, ok := Lookup(pair[0], pair[1]); ok {
			t.Errorf("Lookup(%q, %q) finds something", pair[0], pair[1])
		}
	}
}
