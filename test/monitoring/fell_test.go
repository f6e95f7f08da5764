package monitoring

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/diastole/diastole/heartbeat"
)

// DiastoleNetworkLimitFell stands on what the estimator makes of waits, so it is tried on
// that: three days of twenty phones, of whose waits one in twenty dies for no reason, and
// then three days behind another box.
func TestALimitThatFallsIsHeardOfAndNoiseIsNot(t *testing.T) {
	for name, box := range map[string]struct {
		before, after time.Duration
		hour          int // that the alert is asked about, of 144
		fires         bool
	}{
		"40 min become 15":           {40 * time.Minute, 15 * time.Minute, 75, true},
		"16 min become 5":            {16 * time.Minute, 5 * time.Minute, 75, true},
		"two days later it is known": {16 * time.Minute, 5 * time.Minute, 140, false},
		"before anything changes":    {16 * time.Minute, 5 * time.Minute, 70, false},
		"nothing changes":            {16 * time.Minute, 16 * time.Minute, 100, false},
		"it rises":                   {15 * time.Minute, 30 * time.Minute, 100, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fired := []any{}
			if box.fires {
				fired = append(fired, map[string]any{"labels": "{}", "value": 1})
			}
			rules, err := filepath.Abs(prometheus + "/diastole.alerts.yml")
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(map[string]any{"rule_files": []string{rules}, "evaluation_interval": "1h", "tests": []any{map[string]any{
				"interval": "1h", "input_series": sixDays(box.before, box.after),
				"promql_expr_test": []any{map[string]any{
					"expr":      `count(ALERTS{alertname="DiastoleNetworkLimitFell", alertstate="firing"})`,
					"eval_time": fmt.Sprintf("%dh", box.hour), "exp_samples": fired,
				}},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "fell.json")
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			files(t, prometheus+"/diastole.alerts.yml")
			if said, err := promtool(t, "test", "rules", file); err != nil {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}

// sixDays are the series of a network whose limit changes after three days, a value an
// hour.
func sixDays(before, after time.Duration) []series {
	chance := rand.New(rand.NewPCG(6, 3))
	networks, carrier := heartbeat.NewNetworks(heartbeat.NetworksConfig{}), heartbeat.Network{Name: "carrier-x", HTTP: 1}
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	low, high, devices := "", "", ""
	for hour := range 6 * 24 {
		limit := before
		if hour >= 3*24 {
			limit = after
		}
		for device := range uint64(20) {
			for _, asked := range []time.Duration{8 * time.Minute, 15 * time.Minute, 28 * time.Minute} {
				died := asked > limit || chance.Float64() < 0.05
				networks.Observe(now, carrier, heartbeat.Evidence{Device: device, At: asked, Died: died})
			}
		}
		now = now.Add(time.Hour)
		a := networks.Advise(now, carrier)
		low += fmt.Sprint(" ", a.Low.Seconds())
		high += fmt.Sprint(" ", a.High.Seconds())
		devices += fmt.Sprint(" ", a.Devices)
	}
	labels := []string{`network="carrier-x"`, `http="1"`}
	return []series{
		{named("diastole_network_limit_low_seconds", labels), low[1:]},
		{named("diastole_network_limit_high_seconds", labels), high[1:]},
		{named("diastole_network_died_devices", labels), devices[1:]},
	}
}
