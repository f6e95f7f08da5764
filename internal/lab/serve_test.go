package lab

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

func TestWrongPasswordsGet401WithAChallenge(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		for _, c := range []struct {
			user, password string
			code           int
		}{
			{"anna", "wrong", 401}, {"nobody", "secret", 401}, {"", "", 401},
			{`LAB\anna`, "secret", 200}, {"anna@lab.test", "secret", 200},
		} {
			r := w.request(context.Background(), "FolderSync", el(folderSync, leaf(folderSyncKey, "0")))
			r.SetBasicAuth(c.user, c.password)
			g := w.do(r)
			if g.code != c.code || (c.code == 401 && !strings.HasPrefix(g.header.Get("WWW-Authenticate"), "Basic ")) {
				t.Errorf("%s:%s: %d %q", c.user, c.password, g.code, g.header.Get("WWW-Authenticate"))
			}
		}
	})
}

func TestRequestsThatAreNoCommand(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		get := w.request(context.Background(), "Ping", nil)
		get.Method = http.MethodGet
		noCmd := w.request(context.Background(), "Ping", nil)
		noCmd.URL.RawQuery = "User=anna"
		elsewhere := w.request(context.Background(), "Ping", nil)
		elsewhere.URL.Path = "/owa/"
		for name, c := range map[string]struct {
			r    *http.Request
			code int
		}{
			"GET":             {get, 501},
			"no command":      {noCmd, 400},
			"unknown command": {w.request(context.Background(), "Conquer", nil), 501},
			"another path":    {elsewhere, 404},
		} {
			if g := w.do(c.r); g.code != c.code {
				t.Errorf("%s: %d, want %d", name, g.code, c.code)
			}
		}
	})
}

func TestBase64QueriesAreTheSameDeviceAsPlainOnes(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		w.device = "v140Device"
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "1", 60*sec)
		r := w.request(context.Background(), "Ping", nil)
		r.URL.RawQuery = "jRIJBAp2MTQwRGV2aWNlBGJ4P3kKU21hcnRQaG9uZQ==" // 14.1, Ping, v140Device
		w.want(w.do(r), pingStatus, "1", 60*sec)
	})
}

func TestMoreRequestsThanTheBudgetAllowsGet503WithRetryAfter(t *testing.T) {
	inWorld(t, ServerConfig{MaxConcurrent: 2}, func(w *world) {
		first := w.later("Ping", pingBody(100, "5"))
		w.device = "dev2"
		second := w.later("Ping", pingBody(100, "5"))
		w.device = "dev3"
		if g := w.post("Ping", pingBody(100, "5")); g.code != 503 || g.header.Get("Retry-After") != "60" {
			t.Errorf("third: %d, Retry-After %q", g.code, g.header.Get("Retry-After"))
		}
		w.want(<-first, pingStatus, "1", 100*sec)
		w.want(<-second, pingStatus, "1", 100*sec)
	})
}

func TestAUserHasAtMostAHundredDevices(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		for i := range devicesPerUser + 1 {
			w.device = "many" + strings.Repeat("x", i)
			g := w.post("FolderSync", el(folderSync, leaf(folderSyncKey, "0")))
			if want := map[bool]string{true: "177", false: "1"}[i == devicesPerUser]; g.doc.value(folderStatus) != want {
				t.Fatalf("device %d: status %q, want %s", i+1, g.doc.value(folderStatus), want)
			}
		}
	})
}

func TestBodiesAboveTheLimitGet413(t *testing.T) {
	inWorld(t, ServerConfig{MaxBody: 10}, func(w *world) {
		if g := w.post("Ping", pingBody(60, "5")); g.code != 413 {
			t.Errorf("%d, want 413", g.code)
		}
	})
}

func TestFolderSyncTellsAdditionsUpdatesAndOldKeys(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		g := w.post("FolderSync", el(folderSync, leaf(folderSyncKey, "0")))
		inbox := g.doc.child(folderChanges).all(folderAdd)[4]
		if g.doc.value(folderChanges, folderCount) != "8" || inbox.value(folderType) != "2" || inbox.value(folderServerID) != "5" {
			t.Fatalf("hierarchy %v", g.doc)
		}
		id := w.server.AddFolder("anna", "Projects", "Email")
		g = w.post("FolderSync", el(folderSync, leaf(folderSyncKey, "1")))
		if n := g.doc.child(folderChanges).all(folderAdd); len(n) != 1 || n[0].value(folderServerID) != id {
			t.Fatalf("news %v", n)
		}
		if g = w.post("FolderSync", el(folderSync, leaf(folderSyncKey, "2"))); g.doc.value(folderChanges, folderCount) != "0" {
			t.Errorf("nothing new, but %q changes", g.doc.value(folderChanges, folderCount))
		}
		w.want(w.post("FolderSync", el(folderSync, leaf(folderSyncKey, "9"))), folderStatus, "9", 0)
	})
}

func TestDevicesMustProvisionInTheWayOfTheirVersion(t *testing.T) {
	ask := func(key, status string) *node {
		p := el(provisionPolicy, leaf(provisionPolicyType, policyType))
		if key != "" {
			p.add(leaf(provisionPolicyKey, key), leaf(provisionStatus, status))
		}
		return el(provisionRoot, el(provisionPolicies, p))
	}
	key := func(g got) string { return g.doc.value(provisionPolicies, provisionPolicy, provisionPolicyKey) }
	hierarchy := el(folderSync, leaf(folderSyncKey, "0"))
	inWorld(t, ServerConfig{Policy: true}, func(w *world) {
		w.want(w.post("FolderSync", hierarchy), folderStatus, "142", 0)
		w.kind = "12.1"
		if g := w.post("FolderSync", hierarchy); g.code != 449 {
			t.Errorf("12.1: %d, want 449", g.code)
		}
		w.kind = "14.1"
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "1", 60*sec) // without a key a Ping passes
		w.policy = key(w.post("Provision", ask("", "")))
		w.want(w.post("FolderSync", hierarchy), folderStatus, "143", 0) // only the temporary key
		w.policy = key(w.post("Provision", ask(w.policy, "1")))
		w.want(w.post("FolderSync", hierarchy), folderStatus, "1", 0)
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "1", 60*sec)
		w.policy = "4711"
		w.want(w.post("FolderSync", hierarchy), folderStatus, "144", 0)
		w.want(w.post("Ping", pingBody(60, "5")), pingStatus, "144", 0)
		w.server.RevokePolicies()
		w.want(w.post("FolderSync", hierarchy), folderStatus, "142", 0)
	})
}

func TestSearchFindsMailAndPeopleAndSettingsTellTheAddress(t *testing.T) {
	inWorld(t, ServerConfig{}, func(w *world) {
		id := w.deliver("quarterly figures")
		find := func(store string, query *node) *node {
			return w.post("Search", el(searchRoot, el(searchStore, leaf(searchName, store), query))).doc.
				child(searchResponse, searchStore)
		}
		mail := find("Mailbox", el(searchQuery, el(tag(0x0F13), leaf(searchFreeText, "FIGURES"))))
		if mail.value(searchTotal) != "1" || mail.value(searchResult, searchLongID) != id {
			t.Errorf("mail: %v", mail)
		}
		people := find("GAL", leaf(searchQuery, "ber"))
		if people.value(searchResult, searchProperties, galAddress) != "bert@lab.test" {
			t.Errorf("people: %v", people)
		}
		g := w.post("Settings", el(settingsRoot, el(settingsUser, el(settingsGet)), el(settingsOof, el(settingsGet))))
		if a := g.doc.value(settingsUser, settingsGet, settingsAccounts, settingsAccount, settingsAddresses, settingsPrimary); a != "anna@lab.test" {
			t.Errorf("address %q", a)
		}
		if g.doc.value(settingsOof, settingsGet, settingsOofState) != "0" {
			t.Error("out of office")
		}
	})
}
