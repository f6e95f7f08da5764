package main

import (
	"bytes"
	"crypto/tls"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/watch"
)

// Processes that keep what phones have: their sync keys.

const (
	annas = "pa55-of-anna"
	berts = "pa55-of-bert"
)

// annaAndBert have passwords that can be looked for in a file. They sign in with their
// addresses.
func annaAndBert(t *testing.T) (server *lab.Server, url string) {
	t.Helper()
	server = lab.NewServer(lab.ServerConfig{Users: map[string]string{"anna": annas, "bert": berts}, MinHeartbeat: time.Second})
	t.Cleanup(server.Close)
	url, err := server.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	return server, url
}

// handset is a phone that does what a test tells it.
func handset(t *testing.T, p *process, user, password string, set ...func(*lab.PhoneConfig)) *lab.Phone {
	t.Helper()
	c := lab.PhoneConfig{URL: "https://" + p.address("edge"), User: user, Password: password, DeviceID: user[:4] + "s1", DeviceType: "iPhone",
		Ladder: lab.Fixed(10 * time.Minute), TLS: &tls.Config{InsecureSkipVerify: true}}
	for _, f := range set {
		f(&c)
	}
	phone := lab.NewPhone(c)
	t.Cleanup(phone.Close)
	return phone
}

// fetches gets the folders, and what is in those that it will wait on: the Inbox,
// the calendar and the contacts.
func fetches(t *testing.T, phone *lab.Phone) (folders []string) {
	t.Helper()
	if err := phone.FolderSync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []int{2, 8, 9} { // MS-ASCMD 2.2.3.186.3
		for _, f := range phone.Folders() {
			if f.Type == kind {
				folders = append(folders, f.ID)
			}
		}
	}
	if err := phone.Sync(t.Context(), folders...); err != nil || len(folders) != 3 {
		t.Fatalf("%v: %v", folders, err)
	}
	return folders
}

// kept is what a file has of a user's device, whether it is in use or not.
func kept(t *testing.T, path, user string) (s watch.Snapshot) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var state string
	switch err := db.QueryRow("SELECT state FROM haves WHERE user = ?", user).Scan(&state); {
	case err == sql.ErrNoRows:
		return s
	case err != nil:
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(state), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func key(s watch.Snapshot, folder string) string {
	for _, c := range s.Collections {
		if c.ID == folder {
			return c.SyncKey
		}
	}
	return ""
}

// eventually waits for what a process does in its own time.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("never: %s", what)
		}
	}
}

func TestAfterARestartItKnowsWhatThePhonesHave(t *testing.T) {
	server, url := annaAndBert(t)
	config := configFile(t, url, "state: {path: state.db}\nlog: {users: plain}\n")
	state := filepath.Join(filepath.Dir(config), "state.db")
	p := start(t, "--config", config)
	phone := handset(t, p, "anna@lab.test", annas, func(c *lab.PhoneConfig) {
		c.OnAsk = func(time.Duration) {
			if _, err := server.Deliver("anna", "", lab.Mail{Subject: "wakes the phone"}); err != nil {
				t.Error(err)
			}
		}
	})
	folders := fetches(t, phone)
	if err := phone.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
	saved := kept(t, state, "anna@lab.test")
	for _, id := range folders {
		if got := key(saved, id); got != phone.Key(id) || got == "" {
			t.Errorf("folder %s: key %q is saved, the phone has %q", id, got, phone.Key(id))
		}
	}
	if len(saved.Tree) != len(phone.Folders()) {
		t.Errorf("%d folders are saved of %d", len(saved.Tree), len(phone.Folders()))
	}

	again := start(t, "--config", config)
	if known := again.await(1, "", "what was learned before is known"); known["devices_with_keys"] != 1.0 {
		t.Errorf("got %v", known)
	}
	// A Ping without a body repeats the last one: who knows of none cannot say how long it is.
	quiet := handset(t, again, "anna@lab.test", annas)
	answered := make(chan error, 1)
	go func() {
		_, err := quiet.Ask(t.Context(), "Ping", nil, patience)
		answered <- err
	}()
	if wait := again.await(1, "proxy", "wait begins"); wait["asked_seconds"] != 600.0 || wait["folders"] == 0.0 {
		t.Errorf("got %v", wait)
	}
	if _, err := server.Deliver("anna", "", lab.Mail{Subject: "ends it"}); err != nil {
		t.Fatal(err)
	}
	if err := soon(t, answered); err != nil {
		t.Error(err)
	}
	again.signal(unix.SIGTERM)
	again.exit(0)
}

func TestKillingItCostsTheKeysOfTheLastSecondAtMost(t *testing.T) {
	server, url := annaAndBert(t)
	config := configFile(t, url, "state: {path: state.db}\n")
	state := filepath.Join(filepath.Dir(config), "state.db")
	changes := func(phone *lab.Phone, inbox string) string {
		if _, err := server.Deliver("anna", "", lab.Mail{Subject: "makes a new key"}); err != nil {
			t.Fatal(err)
		}
		if err := phone.Sync(t.Context(), inbox); err != nil {
			t.Fatal(err)
		}
		return phone.Key(inbox)
	}
	for range 3 {
		p := start(t, "--config", config)
		phone := handset(t, p, "anna@lab.test", annas)
		inbox := fetches(t, phone)[0]
		possible := map[string]bool{changes(phone, inbox): true}
		eventually(t, "the key is saved", func() bool { return possible[key(kept(t, state, "anna@lab.test"), inbox)] })
		for range 5 { // these may be lost, and none that came before
			possible[changes(phone, inbox)] = true
		}
		p.kill()
		sound(t, state)
		if got := key(kept(t, state, "anna@lab.test"), inbox); !possible[got] {
			t.Errorf("key %q is left, which is older than what was saved: %v", got, possible)
		}
	}
	last := start(t, "--config", config)
	if known := last.await(1, "", "what was learned before is known"); known["devices_with_keys"] != 1.0 {
		t.Errorf("got %v", known)
	}
	last.signal(unix.SIGTERM)
	last.exit(0)
}

// found tells which of these texts are in a file or in one beside it.
func found(t *testing.T, path string, texts ...string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if bytes.Contains(content, []byte(text)) {
				names = append(names, text+" in "+filepath.Base(file))
			}
		}
	}
	return names
}

func TestNoCredentialIsInTheFile(t *testing.T) {
	_, url := annaAndBert(t)
	config := configFile(t, url, "state: {path: state.db}\n")
	state := filepath.Join(filepath.Dir(config), "state.db")
	p := start(t, "--config", config)
	fetches(t, handset(t, p, "anna@lab.test", annas))
	eventually(t, "the keys are saved", func() bool { return len(kept(t, state, "anna@lab.test").Collections) == 3 })
	secrets := []string{annas, base64.StdEncoding.EncodeToString([]byte("anna@lab.test:" + annas)), "Basic ", "Authorization"}
	if names := found(t, state, secrets...); len(names) > 0 {
		t.Errorf("while it runs: %v", names)
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
	if names := found(t, state, secrets...); len(names) > 0 {
		t.Errorf("after its end: %v", names)
	}
	if len(found(t, state, "anna@lab.test")) == 0 {
		t.Error("nothing is in it: this test would find nothing either")
	}
}

func TestForgettingAUserLeavesNothingAnywhere(t *testing.T) {
	server, url := annaAndBert(t)
	config := configFile(t, url, "state: {path: state.db}\nlog: {users: plain}\n")
	state := filepath.Join(filepath.Dir(config), "state.db")
	p := start(t, "--config", config)
	for user, password := range map[string]string{"anna@lab.test": annas, "bert@lab.test": berts} {
		phone := handset(t, p, user, password, func(c *lab.PhoneConfig) {
			c.OnAsk = func(time.Duration) {
				if _, err := server.Deliver(user[:4], "", lab.Mail{Subject: "wakes the phone"}); err != nil {
					t.Error(err)
				}
			}
		})
		fetches(t, phone)
		if err := phone.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the keys are saved", func() bool { return len(kept(t, state, user).Collections) == 3 })
	}
	if out := p.says("forget", "nobody"); out != "nothing is known of \"nobody\": write the user as the phones sign in\n" {
		t.Errorf("nobody: %q", out)
	}
	if out := p.says("forget", `LAB.test\Anna`); out != "\"LAB.test\\\\Anna\" is forgotten: devices followed 1, devices with sync keys 1, rows of state.path 3\n" {
		t.Errorf("anna: %q", out)
	}
	if names := found(t, state, "anna"); len(names) > 0 {
		t.Errorf("left are %v", names)
	}
	if out := p.says("devices"); strings.Contains(out, "anna") || !strings.Contains(out, "bert@lab.test") {
		t.Errorf("left are\n%s", out)
	}
	if out := p.says("forget", "anna@lab.test", "--json"); out != "{\n  \"user\": \"anna@lab.test\",\n  \"followed\": 0,\n  \"remembered\": 0,\n  \"stored\": 0\n}\n" {
		t.Errorf("as JSON: %q", out)
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
	if names := found(t, state, "anna"); len(names) > 0 {
		t.Errorf("left after the end are %v", names)
	}
	if len(kept(t, state, "bert@lab.test").Collections) != 3 {
		t.Error("bert's keys are gone")
	}
}
