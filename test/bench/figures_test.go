package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A figure is one thing that is measured.
type figure struct {
	name, unit string
	digits     int
}

// seen are the figures of one visit.
type seen map[figure]float64

// String is for whoever looks on.
func (s seen) String() string {
	var texts []string
	for _, f := range inOrder {
		if value, ok := s[f]; ok {
			texts = append(texts, f.title()+" "+f.show(value))
		}
	}
	return strings.Join(texts, "; ")
}

var (
	memory          = figure{"memory per held wait", "KiB", 1}
	descriptors     = figure{"descriptors per held wait", "", 2}
	segmentsPerHold = figure{"segments to a phone in 15 min of holding", "", 1}
	wakeMedian      = figure{"all woken at once, p50", "s", 2}
	wakeP99         = figure{"all woken at once, p99", "s", 2}
	wakeMax         = figure{"all woken at once, last", "s", 2}
	cycleCPU        = figure{"CPU of a wait cycle", "us", 0}
	stormSent       = figure{"storm: last request sent", "s", 2}
	stormHeld       = figure{"storm: all held again", "s", 2}
	stormLost       = figure{"storm: phones not back after 2 min", "", 0}
	refused         = figure{"storm: requests refused, asked again", "", 0}
	requestCPU      = figure{"CPU of a small request", "us", 1}
	talkAgain       = figure{"CPU: requests that failed, sent again", "", 0}
	tlsVersion      = figure{"TLS", "", 1}
)

var inOrder = []figure{memory, descriptors, segmentsPerHold, wakeMedian, wakeP99, wakeMax,
	cycleCPU, stormSent, stormHeld, stormLost, refused, requestCPU, talkAgain, tlsVersion}

func (f figure) title() string {
	if f.unit == "" {
		return f.name
	}
	return f.name + ", " + f.unit
}

// show is a value in the figure's precision; "-" where there is none.
func (f figure) show(value float64) string {
	if math.IsNaN(value) {
		return "-"
	}
	return fmt.Sprintf("%.*f", f.digits, value)
}

// spread is the median of the rounds with the lowest and the highest.
func (f figure) spread(values []float64) string {
	if len(values) < 2 || slices.Min(values) == slices.Max(values) {
		return f.show(median(values))
	}
	return fmt.Sprintf("%s (%s to %s)", f.show(median(values)), f.show(slices.Min(values)), f.show(slices.Max(values)))
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	values = slices.Sorted(slices.Values(values))
	return (values[len(values)/2] + values[(len(values)-1)/2]) / 2
}
