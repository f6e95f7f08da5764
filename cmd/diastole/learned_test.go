package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/diastole/diastole/heartbeat"
	"github.com/diastole/diastole/internal/admin"
	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/internal/store"
)

// newLab is an ActiveSync server for these users.
func newLab(t *testing.T, users ...string) (server *lab.Server, url string) {
	t.Helper()
	passwords := map[string]string{}
	for _, u := range users {
		passwords[u] = "secret"
	}
	server = lab.NewServer(lab.ServerConfig{Users: passwords, MinHeartbeat: time.Second})
	t.Cleanup(server.Close)
	url, err := server.Listen(nil)
	if err != nil {
		t.Fatal(err)
	}
	return server, url
}

// live lets a lab phone live until one of its waits has ended.
func live(t *testing.T, server *lab.Server, address string, c lab.PhoneConfig) lab.Wait {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	waited := make(chan lab.Wait, 100)
	c.URL, c.Password, c.TLS = "https://"+address, "secret", &tls.Config{InsecureSkipVerify: true}
	c.OnAsk = func(time.Duration) {
		if _, err := server.Deliver(c.User, "", lab.Mail{Subject: "wakes the phone"}); err != nil {
			t.Errorf("delivering: %v", err)
		}
	}
	c.OnWait = func(w lab.Wait) { waited <- w }
	c.OnError = func(err error) { t.Errorf("phone of %s: %v", c.User, err) }
	done := make(chan struct{})
	go func() {
		defer close(done)
		lab.NewPhone(c).Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	select {
	case w := <-waited:
		return w
	case <-ctx.Done():
		t.Fatalf("no wait of %s ended", c.User)
		return lab.Wait{}
	}
}

// says runs a command against a running diastole and gives what it prints.
func (p *process) says(args ...string) string {
	p.t.Helper()
	o := runProgram(p.t, "", append(args, "--admin", p.address("admin"))...)
	if o.code != exitOK || o.err != "" {
		p.t.Fatalf("%v: %+v", args, o)
	}
	return o.out
}

// line gives the fields of the one line that begins with a word.
func lineOf(t *testing.T, text, word string) []string {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == word {
			return fields
		}
	}
	t.Fatalf("no line begins with %s:\n%s", word, text)
	return nil
}

func starts(fields []string, with ...string) bool {
	return len(fields) >= len(with) && strings.Join(fields[:len(with)], " ") == strings.Join(with, " ")
}

func TestDevicesAndAdviseShowThePhonesThatCame(t *testing.T) {
	server, url := newLab(t, "anna", "bert")
	p := start(t, "--config", configFile(t, url, "log: {users: plain}\npolicy:\n  networks: [{name: home, prefixes: [127.0.0.0/8]}]\n"))
	for _, args := range [][]string{{"devices"}, {"advise"}} {
		if out := p.says(args...); !strings.Contains(out, "has asked to wait yet") {
			t.Errorf("%v before anybody came:\n%s", args, out)
		}
	}
	if w := live(t, server, p.address("edge"), lab.PhoneConfig{User: "anna", DeviceID: "annas1", DeviceType: "iPhone", Ladder: lab.Fixed(10 * time.Minute)}); w.Event != lab.Changed {
		t.Errorf("anna's wait: %+v", w)
	}
	live(t, server, p.address("edge"), lab.PhoneConfig{User: "bert", DeviceID: "berts1", HangingSync: true, Ladder: lab.AOSP()})
	out := p.says("devices")
	if got := lineOf(t, out, "anna"); !starts(got, "anna", "annas1", "iPhone", "home", "10m", "10m") || !strings.Contains(out, "changed") {
		t.Errorf("anna: %v in\n%s", got, out)
	}
	if got := lineOf(t, out, "bert"); !starts(got, "bert", "berts1", "LabPhone", "home", "8m", "8m") {
		t.Errorf("bert: %v in\n%s", got, out)
	}
	if out = p.says("devices", "IPHONE"); !strings.Contains(out, "annas1") || strings.Contains(out, "berts1") {
		t.Errorf("a search:\n%s", out)
	}
	if out = p.says("devices", "zoe"); out != "no device has \"zoe\" in its user, id or type\n" {
		t.Errorf("a search in vain: %q", out)
	}
	if out = p.says("devices", "--limit", "1"); strings.Count(out, "LabPhone")+strings.Count(out, "iPhone") != 1 || !strings.Contains(out, "there are more") {
		t.Errorf("one of two:\n%s", out)
	}
	if out = p.says("devices", "--json", "anna"); !strings.Contains(out, "\n      \"device\": \"annas1\",\n") {
		t.Errorf("as JSON:\n%s", out)
	}
	out = p.says("advise")
	if got := lineOf(t, out, "home"); !starts(got, "home", "1", "0", "0", "0", "-", "-") || !strings.Contains(out, "home has shown nothing yet: not enough evidence.\n") {
		t.Errorf("advise: %v in\n%s", got, out)
	}
	if out = p.says("advise", "--json"); !strings.Contains(out, `"name": "home"`) || !strings.Contains(out, `"learn": "observe"`) {
		t.Errorf("as JSON:\n%s", out)
	}
}

func TestWithoutAWordOnUsersNoNameIsShown(t *testing.T) {
	server, url := newLab(t, "anna")
	p := start(t, "--config", configFile(t, url, ""))
	live(t, server, p.address("edge"), lab.PhoneConfig{User: "anna", DeviceID: "d1"})
	user := p.await(1, "proxy", "wait begins").text("user")
	if out := p.says("devices", "anna"); strings.Contains(out, "anna") || !strings.Contains(out, user) {
		t.Errorf("user %s in the log, and:\n%s", user, out)
	}
	if out := p.says("devices", user); !strings.Contains(out, user) {
		t.Errorf("the log's word for the user finds nothing:\n%s", out)
	}
}

func TestAfterARestartItKnowsWhatItKnew(t *testing.T) {
	server, url := newLab(t, "anna")
	config := configFile(t, url, "log: {users: plain}\nstate: {path: state.db}\n")
	p := start(t, "--config", config)
	live(t, server, p.address("edge"), lab.PhoneConfig{User: "anna", DeviceID: "annas1"})
	before, id := p.says("devices"), p.onlyID()
	p.signal(unix.SIGTERM)
	p.exit(0)

	again := start(t, "--config", config)
	known := again.await(1, "", "what was learned before is known")
	if known["devices"] != 1.0 || known["networks"] != 1.0 {
		t.Errorf("got %v", known)
	}
	if after := again.says("devices"); !starts(lineOf(t, after, "anna"), lineOf(t, before, "anna")[:6]...) || !strings.Contains(after, "changed") {
		t.Errorf("before:\n%safter:\n%s", before, after)
	}
	if again.onlyID() != id {
		t.Error("a link to the device leads nowhere")
	}
	if got := lineOf(t, again.says("advise"), "127.0.0.0/24"); !starts(got, "127.0.0.0/24", "1") || got[7] != "15m" {
		t.Errorf("the network: %v", got)
	}
	again.signal(unix.SIGTERM)
	again.exit(0)
	checkWaits(t, filepath.Join(filepath.Dir(config), "state.db"))
}

// onlyID is the id of the one device that is known.
func (p *process) onlyID() string {
	p.t.Helper()
	var page admin.DevicesPage
	if err := json.Unmarshal([]byte(p.says("devices", "--json")), &page); err != nil || len(page.Devices) != 1 {
		p.t.Fatalf("%v, %+v", err, page)
	}
	return page.Devices[0].ID
}

// checkWaits looks into the file for anna's wait.
func checkWaits(t *testing.T, path string) {
	t.Helper()
	s, err := store.Open(store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	waits, err := s.Waits(t.Context(), store.WaitsOf{User: "anna"})
	if err != nil || len(waits) == 0 {
		t.Fatalf("waits %v, %v", waits, err)
	}
	w := waits[len(waits)-1]
	if w.Kind != "ping" || w.Rule != "default" || w.Asked != 15*time.Minute || w.Given != w.Asked || w.Outcome != heartbeat.Changed || w.Network.Name != "127.0.0.0/24" {
		t.Errorf("got %+v", w)
	}
}

func TestWithoutAStateThatCanBeReadThereIsPushAllTheSame(t *testing.T) {
	server, url := newLab(t, "anna")
	config := configFile(t, url, "state: {path: state.db}\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(config), "state.db"), []byte("SQLite format 3\x00"+strings.Repeat("damage", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--config", config)
	if aside := p.await(1, "store", "store: the database is damaged and set aside, what it held is forgotten; a new one is begun"); aside.text("level") != "error" {
		t.Errorf("got %v", aside)
	}
	if w := live(t, server, p.address("edge"), lab.PhoneConfig{User: "anna"}); w.Event != lab.Changed {
		t.Errorf("got %+v", w)
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
}
