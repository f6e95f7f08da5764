package proxy

import "github.com/prometheus/client_golang/prometheus"

// tables are those of the shield, as metric labels.
var tables = map[string]func(*guard) interface{ Len() (int, uint64) }{
	"devices":  func(g *guard) interface{ Len() (int, uint64) } { return g.passwords },
	"accepted": func(g *guard) interface{ Len() (int, uint64) } { return g.regulars },
	"storm":    func(g *guard) interface{ Len() (int, uint64) } { return g.storm },
	"failures": func(g *guard) interface{ Len() (int, uint64) } { return g.failures },
}

// observeShield adds what the shield remembers: nothing, where it is off. What it has
// forgotten begins at 0 again with each reload.
func (m *Metrics) observeShield(p *Proxy) {
	for name, table := range tables {
		look := func() (known int, forgotten uint64) {
			if g := p.guard.Load(); g != nil {
				return table(g).Len()
			}
			return 0, 0
		}
		label := prometheus.Labels{"table": name}
		m.factory.NewGaugeFunc(prometheus.GaugeOpts{Name: "diastole_shield_entries", ConstLabels: label,
			Help: "Entries in the shield's tables."}, func() float64 { known, _ := look(); return float64(known) })
		m.factory.NewCounterFunc(prometheus.CounterOpts{Name: "diastole_shield_forgotten_total", ConstLabels: label,
			Help: "Entries that had to make room for others."}, func() float64 { _, forgotten := look(); return float64(forgotten) })
	}
}
