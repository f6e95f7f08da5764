package proxy

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

func TestMetricsAreNamedAsPrometheusWants(t *testing.T) {
	s := onSockets(t, staleOnce(cutAfter()))
	s.ask(post{cmd: "Ping", body: pingOf("1")})
	s.ask(post{cmd: "Ping", body: pingOf("1")})
	s.ask(post{cmd: "FolderSync", body: []byte("x")})
	s.ask(post{cmd: "Ping", body: []byte("x")})
	s.up.SetScript(cutAfter())
	s.ask(post{cmd: "Ping", body: pingOf("1")})
	s.settled()

	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	var names []string
	for _, f := range families {
		names = append(names, strings.TrimPrefix(f.GetName(), "diastole_"))
		if !strings.HasPrefix(f.GetName(), "diastole_") || f.GetHelp() == "" {
			t.Errorf("%s: %q", f.GetName(), f.GetHelp())
		}
	}
	// All of them: dashboards and alerts stand on these names.
	want := []string{"clients_left_total", "deliveries_total", "devices_forgotten_total", "devices_known", "logins_refused_total", "malformed_bodies_total", "parked_connections", "pinned_connections", "requests_total",
		"shield_addresses_limited_total", "shield_answers_total", "shield_entries", "shield_forgotten_total", "unread_total",
		"upstream_checks", "upstream_checks_queued", "upstream_errors_total", "upstream_idle_connections", "upstream_overdue_total", "upstream_response_seconds", "upstream_stale_total", "upstream_waits", "upstream_waits_queued", "wait_answers_total", "wait_asked_seconds", "wait_held_seconds", "waits_held", "waits_too_fast_total", "waits_total"}
	if !slices.Equal(names, want) {
		t.Errorf("metrics %q, want %q", names, want)
	}
}

func TestMetricsThatNobodySeesWork(t *testing.T) {
	NewMetrics(nil) // twice is no conflict
	s := onSockets(t, lab.Answer(nothingNew), func(c *Config) { c.Metrics, c.Log, c.LogName = nil, nil, nil })
	wantReply(t, s.ask(post{cmd: "Ping", body: pingOf("480", "1")}), 200, pingSays(1))
	wantReply(t, s.ask(post{cmd: "Ping", body: []byte("x")}), 200, pingSays(1))
}

func TestStatusLabelsAreBounded(t *testing.T) {
	for _, c := range []struct {
		status, last int
		want         string
	}{{1, 8, "1"}, {8, 8, "8"}, {9, 8, "other"}, {0, 8, "other"}, {-1, 8, "other"}, {142, 16, "other"}, {16, 16, "16"}, {1 << 30, 16, "other"}} {
		if got := statusLabel(c.status, c.last); got != c.want {
			t.Errorf("%d of %d is %s, want %s", c.status, c.last, got, c.want)
		}
	}
}

func TestEachAnswerHasItsLabel(t *testing.T) {
	with := func(status eas.SyncStatus) string {
		return document((&eas.SyncResponse{Collections: []eas.SyncAnswer{{ID: "1", SyncKey: "2", Status: status}}}).Append(nil))
	}
	for name, c := range map[string]struct{ cmd, answer, status, outcome string }{
		"Ping 1":                {"Ping", nothingNew, "1", "ping early"},
		"Ping 2":                {"Ping", document(pingSays(2)), "2", "ping changed"},
		"Sync without a word":   {"Sync", quietSync, "empty", "sync early"},
		"Sync, empty, packed":   {"Sync", strings.Replace(quietSync, "Content-Length", "Content-Encoding: gzip\r\nContent-Length", 1), "empty", "sync early"},
		"Sync without a length": {"Sync", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "empty", "sync early"},
		"Sync 1":                {"Sync", with(1), "1", "sync early"},
		"Sync with mail":        {"Sync", document(largeAnswer("1", "2", 10)), "1", "sync changed"},
		"Sync with much mail":   {"Sync", document(largeAnswer("1", "2", 100<<10)), "1", "sync changed"},
		"Sync, a folder's 3":    {"Sync", with(3), "3", "sync refused"},
		"Sync, a folder's 12":   {"Sync", with(12), "12", "sync refused"},
		"Sync 13":               {"Sync", document((&eas.SyncResponse{Status: 13}).Append(nil)), "13", "sync refused"},
		"Sync 177":              {"Sync", document((&eas.SyncResponse{Status: 177}).Append(nil)), "other", "sync refused"},
		"nobody's":              {"Sync", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi", "unread", "sync upstream"},
		"HTTP 401":              {"Sync", "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "none", "sync refused"},
	} {
		t.Run(name, func(t *testing.T) {
			s := onSockets(t, lab.Answer(c.answer))
			p := post{cmd: c.cmd, body: syncOf("1").Append(nil, "14.1")}
			if c.cmd == "Ping" {
				p.body = pingOf("480", "1")
			}
			s.ask(p)
			s.settled()
			if n := s.count("diastole_wait_answers_total", "status", c.status); n != 1 || s.count("diastole_wait_answers_total") != 1 {
				t.Errorf("counted %+v, want %s", s.series("diastole_wait_answers_total"), c.status)
			}
			s.wantOutcomes(c.outcome)
		})
	}
}
