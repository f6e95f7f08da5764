package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/proxy/watch"
	"github.com/diastole/diastole/wbxml/eas"
)

// series is one line of a metric.
type series struct {
	labels map[string]string
	value  float64 // of a histogram the number of observations
}

func (s *stage) series(name string) (all []series) {
	s.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		s.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			one := series{map[string]string{}, m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())}
			for _, l := range m.GetLabel() {
				one.labels[l.GetName()] = l.GetValue()
			}
			all = append(all, one)
		}
	}
	return all
}

// count adds up a metric over the series that have these labels: name, value,
// name, value.
func (s *stage) count(name string, labels ...string) float64 {
	s.Helper()
	sum := 0.0
	for _, one := range s.series(name) {
		matches := true
		for i := 0; i < len(labels); i += 2 {
			matches = matches && one.labels[labels[i]] == labels[i+1]
		}
		if matches {
			sum += one.value
		}
	}
	return sum
}

// unread are all counts of diastole_unread_total as "what reason".
func (s *stage) unread() map[string]float64 {
	s.Helper()
	seen := map[string]float64{}
	for _, one := range s.series("diastole_unread_total") {
		seen[one.labels["what"]+" "+one.labels["reason"]] = one.value
	}
	return seen
}

// wantUnread: exactly this is counted as not understood, each once.
func (s *stage) wantUnread(what ...string) {
	s.Helper()
	want := map[string]float64{}
	for _, w := range what {
		want[w] = 1
	}
	if got := s.unread(); !maps.Equal(got, want) {
		s.Errorf("diastole_unread_total counted %v, want %v", got, want)
	}
}

// wantOutcomes: exactly these waits have ended, in any order.
func (s *stage) wantOutcomes(want ...string) {
	s.Helper()
	var got []string
	for _, one := range s.series("diastole_waits_total") {
		for range int(one.value) {
			got = append(got, one.labels["kind"]+" "+one.labels["outcome"])
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Errorf("waits ended as %q, want %q", got, want)
	}
	if held := s.count("diastole_waits_held"); held != 0 {
		s.Errorf("%v waits are held, want none", held)
	}
}

// wantQuiet: nothing was logged above info.
func (s *stage) wantQuiet() {
	s.Helper()
	for _, e := range s.log.FilterLevelExact(zapcore.WarnLevel).All() {
		s.Errorf("logged at warn: %s %v", e.Message, e.ContextMap())
	}
	for _, e := range s.log.All() {
		if e.Level > zapcore.WarnLevel {
			s.Errorf("logged at %s: %s %v", e.Level, e.Message, e.ContextMap())
		}
	}
}

// begun is what the log says of the last wait that began.
func (s *stage) begun() map[string]any {
	s.Helper()
	lines := s.log.FilterMessage("wait begins").All()
	if len(lines) == 0 {
		s.Fatal("no wait has begun")
	}
	return lines[len(lines)-1].ContextMap()
}

// wantBegun: the last wait began with this form, interval and folders.
func (s *stage) wantBegun(form string, seconds float64, folders int64) {
	s.Helper()
	got := s.begun()
	if got["form"] != form || got["asked_seconds"] != seconds || got["folders"] != folders {
		s.Errorf("wait began as %v, %v s, %v folders; want %s, %v s, %d folders",
			got["form"], got["asked_seconds"], got["folders"], form, seconds, folders)
	}
}

// sent waits until n requests have gone up, and gives all of them.
func (s *stage) sent(n int) []*lab.Recorded {
	s.Helper()
	patience, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	for len(s.went) < n {
		next, err := s.up.Next(patience)
		if err != nil {
			s.Fatalf("%d requests went up, want %d: %v", len(s.went), n, err)
		}
		s.went = append(s.went, next)
	}
	return s.went
}

// wantSent: the bodies that went up, in this order, and no more.
func (s *stage) wantSent(bodies ...[]byte) {
	s.Helper()
	got := s.sent(len(bodies))
	if more := len(s.up.Requests()) - len(bodies); more != 0 {
		s.Fatalf("%d more requests went up than the %d wanted", more, len(bodies))
	}
	for i, body := range bodies {
		if string(got[i].Body) != string(body) {
			s.Errorf("request %d went up with %.200q, want %.200q", i, got[i].Body, body)
		}
	}
}

// wantReply: this answer, whole.
func wantReply(t *testing.T, got reply, code int, body string) {
	t.Helper()
	if got.code != code || got.body != body || got.cut {
		t.Errorf("the phone got %d %.200q (cut: %v), want %d %.200q", got.code, got.body, got.cut, code, body)
	}
}

// dev1 is the device of post's zero value.
var dev1 = watch.Device{Principal: "anna", ID: "dev1", Type: "phone"}

func (s *stage) last(d watch.Device) watch.Last {
	last, _ := s.proxy.memory.Last(d)
	return last
}

// pingOf is a Ping's body: an interval unless it is empty, folders unless there
// are none.
func pingOf(interval string, folders ...string) []byte {
	p := eas.PingRequest{HasInterval: interval != "", IntervalText: []byte(interval), HasFolders: len(folders) > 0}
	for _, id := range folders {
		p.Folders = append(p.Folders, eas.PingFolder{ID: []byte(id), Class: []byte("Email")})
	}
	return p.Append(nil)
}

func pingSays(status eas.PingStatus) string {
	return string(eas.PingResponse{Status: status}.Append(nil))
}

// code is the number that a status begins with.
func code(status string) int {
	n, _ := strconv.Atoi(status[:3])
	return n
}

// packed is a document as a server packs it.
func packed(body string) string { return gzipped(gzOf(body)) }

func gzOf(body string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	return b.String()
}

func gzipped(gz string) string {
	return fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", docHead, len(gz), gz)
}
