package proxy

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/diastole/diastole/internal/lab"
)

func TestAWaitThatTheServerForgetsIsCountedAsOverdue(t *testing.T) {
	inABubble(t, func(w *world) {
		w.accepted(wants{})
		phone := w.asks(wants{})
		up := w.up()
		phone.gotOurs(phone.reply())
		up.isCancelled()
		if n := w.stage.count("diastole_upstream_overdue_total", "kind", "ping"); n != 1 {
			t.Errorf("%v waits are overdue, want 1", n)
		}
	})
}

func TestAWaitThatIsHeldHereIsNeverOverdue(t *testing.T) {
	inEdgeWorld(t, func(w *edgeWorld) {
		anna := w.phone("anna", "secret").live()
		w.passes(16 * time.Minute)
		if len(anna.saw()) == 0 {
			t.Fatal("no wait has ended")
		}
		if n := w.stage.count("diastole_upstream_overdue_total"); n != 0 {
			t.Errorf("%v waits are overdue, and the server had none", n)
		}
	})
}

// Only what the server answers at once says that it is slow: what streams up takes the
// client's time, and what is no ActiveSync may be a wait of its own.
func TestTheTimeToAnAnswerIsTakenOfActiveSyncThatDoesNotWait(t *testing.T) {
	s := onSockets(t, lab.Answer(nothingNew))
	s.ask(post{cmd: "FolderSync", body: []byte("x")})
	s.ask(post{cmd: "Ping", body: pingOf("480", "1")})
	s.ask(post{cmd: "SendMail", body: []byte("a letter"), chunked: true})
	c := s.call()
	defer c.Close()
	c.send("GET /owa/ HTTP/1.1\r\nHost: up.test\r\n\r\n")
	c.reply()
	s.settled()
	for _, one := range s.series("diastole_upstream_response_seconds") {
		if one.labels["command"] != "FolderSync" || one.value != 1 {
			t.Errorf("%v of %v", one.value, one.labels)
		}
	}
	if s.count("diastole_upstream_response_seconds") != 1 {
		t.Error("the FolderSync was not counted")
	}
}

func TestWhatAlertsStandOnIsThereBeforeItsFirstEvent(t *testing.T) {
	r := prometheus.NewRegistry()
	NewMetrics(r)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]int{}
	for _, f := range families {
		series[f.GetName()] = len(f.GetMetric())
	}
	for name, want := range map[string]int{
		"diastole_waits_total": 2 * 9, "diastole_deliveries_total": 2 * 4, "diastole_waits_held": 2,
		"diastole_upstream_overdue_total": 2, "diastole_waits_too_fast_total": 2, "diastole_upstream_errors_total": 5,
	} {
		if series[name] != want {
			t.Errorf("%s has %d series, want %d", name, series[name], want)
		}
	}
}
