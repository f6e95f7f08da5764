package edge

import (
	"slices"

	"go.uber.org/zap/zapcore"
)

// demoted is a log for certmagic, which writes some twenty lines for a certificate.
// What it says is for who looks for a fault: debug. What it calls an error is a
// warning here, except for what is said better by acme_events.go.
type demoted struct{ zapcore.Core }

func demote(core zapcore.Core) zapcore.Core { return demoted{core} }

// saidBetter are errors of certmagic's that come to us as events too, and what any
// stranger can cause who knows a name. Worded otherwise by a later version, they
// would be said twice.
var saidBetter = []string{"could not get certificate from issuer", "will retry", "job failed", "tls-alpn challenge"}

func (d demoted) level(e zapcore.Entry) zapcore.Level {
	if e.Level >= zapcore.ErrorLevel && !slices.Contains(saidBetter, e.Message) {
		return zapcore.WarnLevel
	}
	return zapcore.DebugLevel
}

// Enabled is true for all levels: which one a line gets is known by its text.
func (d demoted) Enabled(zapcore.Level) bool { return true }

// With is zapcore's.
func (d demoted) With(fields []zapcore.Field) zapcore.Core { return demoted{d.Core.With(fields)} }

// Check is zapcore's.
func (d demoted) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if e.Level = d.level(e); d.Core.Enabled(e.Level) {
		return ce.AddCore(e, d.Core)
	}
	return ce
}
