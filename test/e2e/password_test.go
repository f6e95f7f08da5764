package e2e

import (
	"maps"
	"net/http"
	"testing"
)

// A wrong password must be refused by the server itself: it counts them, locks
// the account, and its WWW-Authenticate names its realm.
func TestAWrongPasswordIsRefusedByTheServerItself(t *testing.T) {
	t.Parallel()
	e, user := startEdge(t, front()), server.user(t)
	for name, c := range map[string]struct{ method, password, command string }{
		"a Ping":        {"POST", "wrong", "Ping"},
		"a Sync":        {"POST", "wrong", "Sync"},
		"OPTIONS":       {"OPTIONS", "wrong", ""},
		"no password":   {"POST", "", "FolderSync"},
		"UTF-8":         {"POST", "pässwörd", "Ping"},
		"a right one":   {"OPTIONS", password, ""},
		"an odd method": {"PROPFIND", "wrong", "Ping"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ask := func(p *phone) answer {
				p.password = c.password
				return p.raw(t.Context(), c.method, p.query(c.command).Encode(), nil, http.Header{"Content-Type": {wbxmlType}})
			}
			a, b := both(newPhone(t, e.door(), user, "THROUGH"), newPhone(t, direct(), user, "THROUGH"), ask)
			if a.status != b.status || string(a.body) != string(b.body) || !maps.EqualFunc(endToEnd(a), endToEnd(b), equal) {
				t.Errorf("through diastole: %d %v %q\nstraight: %d %v %q", a.status, a.header, a.body, b.status, b.header, b.body)
			}
			if c.password == "wrong" && c.method != "PROPFIND" && a.status != http.StatusUnauthorized {
				t.Errorf("HTTP %d to a wrong password, want 401", a.status)
			}
		})
	}
}

// endToEnd is the header without what belongs to one connection or one second.
func endToEnd(a answer) http.Header {
	h := a.header.Clone()
	for _, name := range []string{"Connection", "Keep-Alive", "Date"} {
		h.Del(name)
	}
	return h
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
