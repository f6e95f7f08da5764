package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/admin"
)

// Each command of docs/api.md, run against the program with a phone that waits.
func TestTheCommandsInTheAPIPageWork(t *testing.T) {
	needs(t, "curl")
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, ""))
	pingLater(t, p.address("edge"), "anna@example.com")
	soon(t, server.pings)
	server.mail <- struct{}{} // the server has accepted the phone
	p.await(1, "proxy", "wait ends")
	base := "http://" + p.address("admin")
	var devices admin.DevicesPage
	if err := json.Unmarshal([]byte(get(t, base+"/api/v1/devices").body), &devices); err != nil || len(devices.Devices) != 1 {
		t.Fatalf("%v, %+v", err, devices)
	}
	commands := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	ran := 0
	for _, block := range commands {
		for command := range strings.Lines(block[1]) {
			command = strings.ReplaceAll(strings.TrimSpace(command), "http://127.0.0.1:9180", base)
			ran++
			said := shell(t, command, devices.Devices[0].ID)
			problem := strings.Contains(said, `"type":"about:blank"`)
			switch {
			case strings.Contains(command, "/events"):
				if !strings.HasPrefix(said, "event: fleet\ndata: {") {
					t.Errorf("%s\n%.200s", command, said)
				}
			case !json.Valid([]byte(said)), problem != strings.Contains(command, "limit=many"):
				t.Errorf("%s\n%.500s", command, said)
			}
		}
	}
	if ran < 12 {
		t.Errorf("only %d commands", ran)
	}
}

// shell runs a command line as the reader of the page does.
func shell(t *testing.T, command, id string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env = append(os.Environ(), "ID="+id)
	said, _ := cmd.Output() // curl's own time-out on events is no error
	return string(said)
}

func TestWhoisLeadsFromANameToTheLogAndToTheDevices(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, "policy: {rules: [{name: stolen, match: {user: [lost], device: [handset1]}, deny: true}]}\n"))
	pingLater(t, p.address("edge"), "anna")
	soon(t, server.pings)
	server.mail <- struct{}{}
	ended := p.await(1, "proxy", "wait ends")
	hash, device := ended.text("user"), ended.text("device")
	if o := soon(t, pingLater(t, p.address("edge"), "lost")); o.code != 403 {
		t.Fatalf("%v", o)
	}
	url := p.address("admin")
	o := runProgram(t, "", "whois", "--admin", url, "ANNA")
	if o.code != exitOK || !strings.Contains(o.out, "\"ANNA\" is in the log as ") || !strings.Contains(o.out, hash) || !strings.Contains(o.out, "changed") {
		t.Errorf("%+v, want %s", o, hash)
	}
	if o := runProgram(t, "", "whois", "--admin", url, "handset1"); !strings.Contains(o.out, "\"handset1\" is in the log as "+device+"\n") || !strings.Contains(o.out, "changed") {
		t.Errorf("the device's id: %+v, want %s", o, device)
	}
	if o := runProgram(t, "", "devices", "--admin", url, device); !strings.Contains(o.out, "changed") || len(device) != nameDigits {
		t.Errorf("the device by its hash %q: %+v", device, o)
	}
	runProgram(t, "", "whois", "--admin", url, "nobody").ends(t, "\n\nno device of this user has asked to wait\n")
	if o := runProgram(t, "", "whois", "--admin", url, "--json", "anna"); !json.Valid([]byte(o.out)) {
		t.Errorf("%+v", o)
	}
	decided := func() (page admin.DecisionsPage) {
		if err := json.Unmarshal([]byte(get(t, "http://"+url+"/api/v1/decisions").body), &page); err != nil {
			t.Fatal(err)
		}
		return page
	}
	if page := decided(); page.Total != 2 || page.Recent[0].What != "denied" || page.Recent[1].User != hash {
		t.Errorf("%+v", page)
	}
	if o := runProgram(t, "", "forget", "--admin", url, "anna"); o.code != exitOK {
		t.Errorf("%+v", o)
	}
	if page := decided(); page.Total != 1 || page.Recent[0].What != "denied" {
		t.Errorf("after anna was forgotten: %+v", page)
	}
}

func (o outcome) ends(t *testing.T, with string) {
	t.Helper()
	if o.code != exitOK || !strings.HasSuffix(o.out, with) {
		t.Errorf("%+v", o)
	}
}
