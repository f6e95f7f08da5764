package main

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/diastole/diastole/internal/admin"
	"github.com/diastole/diastole/internal/lab"
)

const household = 40 // devices, all of anna

// liveAll lets a household of phones live until stop.
func liveAll(t *testing.T, address string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var living sync.WaitGroup
	for i := range household {
		phone := lab.NewPhone(lab.PhoneConfig{URL: "https://" + address, User: "anna", Password: "secret", DeviceID: fmt.Sprintf("anna%02d", i),
			Ladder: lab.DirectPush(), TLS: &tls.Config{InsecureSkipVerify: true}})
		living.Go(func() { _ = phone.Run(ctx) })
	}
	stop = sync.OnceFunc(func() { cancel(); living.Wait() })
	t.Cleanup(stop)
	return stop
}

// knowledge is what a process says it has learned.
type knowledge struct {
	Devices  []admin.Device
	Networks []admin.Network
}

func (p *process) knows() (k knowledge) {
	p.t.Helper()
	var devices admin.DevicesPage
	var networks admin.NetworksPage
	for page, into := range map[string]any{"devices": &devices, "networks": &networks} {
		answer := get(p.t, "http://"+p.address("admin")+"/api/v1/"+page+"?limit=1000")
		if err := json.Unmarshal([]byte(answer.body), into); err != nil {
			p.t.Fatalf("%s: %v: %v", page, answer, err)
		}
	}
	k = knowledge{devices.Devices, networks.Networks}
	// The one heard of last comes first, and many were in the same second.
	slices.SortFunc(k.Devices, func(a, b admin.Device) int { return strings.Compare(a.Device, b.Device) })
	for i := range k.Devices {
		k.Devices[i].ID = "" // drawn anew at each start
	}
	return k
}

// is wants the same of each device and each network.
func (k knowledge) is(t *testing.T, want knowledge) {
	t.Helper()
	if !reflect.DeepEqual(k.Networks, want.Networks) {
		t.Errorf("networks\n%+v, want\n%+v", k.Networks, want.Networks)
	}
	if len(k.Devices) != len(want.Devices) {
		t.Fatalf("%d devices, want %d", len(k.Devices), len(want.Devices))
	}
	for i, d := range k.Devices {
		if !reflect.DeepEqual(d, want.Devices[i]) {
			t.Errorf("device\n%+v, want\n%+v", d, want.Devices[i])
		}
	}
}

// sound wants SQLite to find nothing wrong in the state that a process has left.
func sound(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %s, %v", verdict, err)
	}
}

func (p *process) kill() {
	p.t.Helper()
	p.signal(unix.SIGKILL)
	p.exit(-1) // by a signal
}

// Waits are lost with a process that is killed: their phones ask again. What was
// learned is not.
func TestKillingItLosesTheHeldWaitsAndNothingElse(t *testing.T) {
	server, url := newLab(t, "anna")
	config := configFile(t, url, "state: {path: state.db}\ndrain: 1s\nlog: {users: plain}\n")
	state := filepath.Join(filepath.Dir(config), "state.db")
	mail := func() {
		if _, err := server.Deliver("anna", "", lab.Mail{Subject: "wakes all of them"}); err != nil {
			t.Fatal(err)
		}
	}
	learns := start(t, "--config", config)
	stop := liveAll(t, learns.address("edge"))
	learns.await(household, "proxy", "wait begins")
	mail()
	learns.await(2*household, "proxy", "wait begins") // each was answered and asks again
	stop()
	learns.signal(unix.SIGTERM)
	learns.exit(0)

	holds := start(t, "--config", config)
	saved := holds.knows()
	if len(saved.Devices) != household || len(saved.Networks) != 1 || len(saved.Devices[0].Waits) == 0 {
		t.Fatalf("%d devices and %d networks were saved: %+v", len(saved.Devices), len(saved.Networks), saved)
	}
	stop = liveAll(t, holds.address("edge"))
	holds.await(household, "proxy", "wait begins")
	holds.kill()
	stop()
	sound(t, state)

	again := start(t, "--config", config)
	again.knows().is(t, saved)
	// Once more, and now in the midst of saving.
	stop = liveAll(t, again.address("edge"))
	again.await(household, "proxy", "wait begins")
	mail()
	again.await(household+1, "proxy", "wait begins") // some are answered, and some not
	again.kill()
	stop()
	sound(t, state)

	last := start(t, "--config", config)
	if got := last.knows(); len(got.Devices) != household || len(got.Networks) != 1 {
		t.Errorf("%d devices and %d networks are left", len(got.Devices), len(got.Networks))
	}
	last.signal(unix.SIGTERM)
	last.exit(0)
}
