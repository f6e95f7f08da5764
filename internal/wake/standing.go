package wake

import "github.com/prometheus/client_golang/prometheus"

// Sources says of each source that there is whether it is up. It is read from the
// metric, so that a page and an alert never say two things.
func (h *Hub) Sources() map[string]bool {
	r, up := prometheus.NewRegistry(), map[string]bool{}
	r.MustRegister(h.config.Metrics.up) // a fresh registry has no other of that name
	families, _ := r.Gather()
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, label := range m.GetLabel() {
				up[label.GetValue()] = m.GetGauge().GetValue() == 1
			}
		}
	}
	return up
}
