package store

import (
	"strings"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// A page of the API is read while somebody waits for it, among 200,000 waits: an index
// must lead to its rows, in their order.
func TestAPageOfWaitsIsReadByAnIndexAndSortedByIt(t *testing.T) {
	s := open(t, Config{})
	for name, c := range map[string]struct {
		of    WaitsOf
		index string
	}{
		"of a device":          {WaitsOf{User: "anna", Device: "d1", Type: "iPhone", Limit: 100}, "USING PRIMARY KEY (user=? AND device=? AND type=? AND ended>?"},
		"of a device, further": {WaitsOf{User: "anna", Device: "d1", Type: "iPhone", Before: time.Now()}, "USING PRIMARY KEY (user=? AND device=? AND type=? AND ended>? AND ended<?"},
		"of a network":         {WaitsOf{Network: heartbeat.Network{Name: "a", HTTP: 1}}, "USING INDEX waits_network (network=? AND http=? AND ended>?"},
		"of all":               {WaitsOf{}, "USING INDEX waits_ended (ended>?"},
	} {
		query, args := c.of.query()
		rows, err := s.current().Query("EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, step)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if len(plan) != 1 || !strings.HasPrefix(plan[0], "SEARCH waits ") || !strings.Contains(plan[0], c.index) {
			t.Errorf("%s: %q", name, plan)
		}
	}
}

func TestWaitsBeforeAMomentAndOfATypeAreFound(t *testing.T) {
	s := open(t, Config{})
	now := time.UnixMilli(1_800_000_000_000)
	for i := range 10 {
		w := wait(0)
		w.Ended = now.Add(time.Duration(i) * time.Millisecond)
		if i%2 == 1 {
			w.Key.Type = "other"
		}
		s.PutWait(w)
	}
	s.flush()
	k := wait(0).Key
	found := s.waits(WaitsOf{User: k.Principal, Device: k.Device, Type: k.Type, Before: now.Add(6 * time.Millisecond), Limit: 2})
	if len(found) != 2 || !found[0].Ended.Equal(now.Add(4*time.Millisecond)) || !found[1].Ended.Equal(now.Add(2*time.Millisecond)) {
		t.Errorf("%+v", found)
	}
}
