package said

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// keeps runs a test that says something with $DIASTOLE_OUTPUT set so, and gives what is
// in dir then, by kind.
func keeps(t *testing.T, output, dir string) map[string]string {
	t.Helper()
	t.Setenv(Output, output)
	t.Run("of anna's phone", func(t *testing.T) {
		log, lines := Log(t, zap.InfoLevel)
		log.Debug("quiet")
		log.Info("loud", zap.String("user", "8c1f27d09ab3"))
		if lines.Len() != 1 {
			t.Errorf("the test sees %v", lines.All())
		}
		registry := prometheus.NewRegistry()
		Metrics(t, registry)
		counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "waits_total", Help: "Waits."})
		registry.MustRegister(counter)
		counter.Inc()
	})
	kept := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		kept[strings.TrimPrefix(filepath.Ext(name), ".")] += string(text)
	}
	return kept
}

func TestWhatIsSaidIsKeptWithTheMetricsAsTheyAreAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	kept := keeps(t, dir, dir)
	if !strings.Contains(kept[LogLines], `"msg":"quiet"`) || !strings.Contains(kept[LogLines], `"user":"8c1f27d09ab3"`) {
		t.Errorf("the log: %q", kept[LogLines])
	}
	if !strings.Contains(kept[Page], "waits_total 1\n") {
		t.Errorf("the metrics: %q", kept[Page])
	}
}

func TestNothingIsKeptWhereNobodyAskedForIt(t *testing.T) {
	if kept := keeps(t, "", t.TempDir()); len(kept) != 0 {
		t.Errorf("got %v", kept)
	}
}
