package store

import (
	"bytes"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/diastole/diastole/heartbeat"
)

// go test ./internal/store -run Fixture -fixture writes the file of the newest
// schema. Do that when a version is released, and never again for that version.
var writeFixture = flag.Bool("fixture", false, "write testdata/versionN.db for the newest schema")

func fixtureOf(version int) string {
	return filepath.Join("testdata", fmt.Sprintf("version%d.db", version))
}

// contents is what each fixture holds; from version 2 on, two havings too.
func contents() ([]heartbeat.DeviceSnapshot, []heartbeat.NetworkSnapshot, []Wait) {
	return []heartbeat.DeviceSnapshot{device(1), device(2)}, []heartbeat.NetworkSnapshot{network(1)}, []Wait{wait(2), wait(1)}
}

func TestAFixtureIsThereForEveryVersion(t *testing.T) {
	if *writeFixture {
		path := fixtureOf(len(migrations))
		_ = os.Remove(path)
		s := open(t, Config{Path: path})
		devices, networks, waits := contents()
		for _, d := range devices {
			s.PutDevice(d)
		}
		for _, n := range networks {
			s.PutNetwork(n)
		}
		for _, w := range waits {
			s.PutWait(w)
		}
		s.PutHaving(having(1))
		s.PutHaving(having(2))
		s.close()
	}
	for version := 1; version <= len(migrations); version++ {
		if _, err := os.Stat(fixtureOf(version)); err != nil {
			t.Error(err)
		}
	}
}

// copied is a fixture that may be written to.
func copied(t *testing.T, version int) string {
	t.Helper()
	text, err := os.ReadFile(fixtureOf(version))
	if err != nil {
		t.Fatal(err)
	}
	path := one(t)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileOfEachEarlierVersionIsReadInFull(t *testing.T) {
	for version := 1; version <= len(migrations); version++ {
		s := open(t, Config{Path: copied(t, version)})
		devices, networks, waits := contents()
		same(t, "devices", s.devices(), devices)
		same(t, "networks", s.networks(), networks)
		same(t, "waits", s.waits(WaitsOf{}), waits)
		had := []Having{having(1), having(2)}
		if version < 2 {
			had = nil
		}
		same(t, "havings", s.havings(), had)
		s.PutDevice(device(3))
		s.PutHaving(having(3))
		s.flush()
		if len(s.devices()) != 3 || len(s.havings()) != len(had)+1 || s.logs.Len() > 0 {
			t.Errorf("version %d: %d devices, %d havings; logged %v", version, len(s.devices()), len(s.havings()), s.logs.All())
		}
	}
}

// next are the migrations with one more, which is still to be invented.
func next(step string) []string { return append(append([]string(nil), migrations...), step) }

// ask reads one number from a file with nothing of ours in between.
func ask(t *testing.T, path, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAMigrationKeepsWhatIsThere(t *testing.T) {
	path := copied(t, 1)
	s := open(t, Config{Path: path, steps: next("CREATE TABLE keys (x INTEGER) STRICT; INSERT INTO keys SELECT count(*) FROM devices")})
	s.close()
	if v, n := ask(t, path, "PRAGMA user_version"), ask(t, path, "SELECT x FROM keys"); v != len(migrations)+1 || n != 2 {
		t.Errorf("version %d, and it saw %d devices", v, n)
	}
	if n := ask(t, path, "SELECT count(*) FROM waits"); n != 2 {
		t.Errorf("%d waits are left", n)
	}
}

func TestAMigrationThatFailsChangesNothingAndStopsNothing(t *testing.T) {
	path := copied(t, len(migrations))
	s := open(t, Config{Path: path, steps: next("DELETE FROM devices; CREATE UNIQUE INDEX one ON waits (network)")})
	s.PutDevice(device(3))
	s.flush()
	if !s.failingNow() || len(s.devices()) != 1 || s.logged("store: what is learned cannot be written") != 1 {
		t.Errorf("failing %v, %d devices; logged %v", s.failingNow(), len(s.devices()), s.logs.All())
	}
	s.close()
	if v, n := ask(t, path, "PRAGMA user_version"), ask(t, path, "SELECT count(*) FROM waits"); v != len(migrations) || n != 2 {
		t.Errorf("version %d with %d waits", v, n)
	}
}

func TestAFileOfANewerVersionIsRefused(t *testing.T) {
	path := copied(t, 1)
	open(t, Config{Path: path, steps: next("ALTER TABLE waits ADD COLUMN new TEXT")}).close()
	before, _ := os.ReadFile(path)
	_, err := Open(Config{Path: path})
	var notOurs *NotOursError
	if !errors.As(err, &notOurs) || notOurs.Schema != len(migrations)+1 || notOurs.Known != len(migrations) {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{path, "newer diastole", "run that version, or name another file"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("it was changed")
	}
}
