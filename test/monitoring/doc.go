// Package monitoring proves what deploy/prometheus and deploy/grafana ship: that
// Prometheus takes the rules, that each alert fires where it should and nowhere else,
// and that the dashboards are what Grafana reads and ask what Prometheus understands.
// It runs promtool, Debian's package prometheus, and no server. Whether the metrics
// that they name exist is asked where these are made, in cmd/diastole.
package monitoring
