package wake

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestAnOutageIsOneWarningAndItsEndOneLine(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	r := prometheus.NewRegistry()
	h := NewHealth("imap", zap.New(core), NewMetrics(r), 0)
	up := func() float64 { return value(t, r, "source_up", "imap") }
	if up() != 0 {
		t.Error("up before anything is known")
	}
	h.Up()
	h.Up()
	if logs.Len() != 0 || up() != 1 {
		t.Errorf("%d lines, up %v", logs.Len(), up())
	}
	for range 5000 {
		h.Down("connection refused", zap.Error(errors.New("x")))
	}
	if logs.Len() != 1 || logs.All()[0].Level != zapcore.WarnLevel || up() != 0 {
		t.Errorf("%v, up %v", logs.All(), up())
	}
	h.Up()
	h.Up()
	if logs.Len() != 2 || logs.All()[1].Level != zapcore.InfoLevel || up() != 1 {
		t.Errorf("%v, up %v", logs.All(), up())
	}
	h.Down("again")
	if logs.Len() != 3 {
		t.Error("the next outage is not said")
	}
}

func TestASourceThatComesAndGoesIsOneTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.InfoLevel)
		h := NewHealth("dovecot", zap.New(core), nil, time.Hour)
		for range 59 { // one a minute
			h.Down("nothing was told")
			h.Up()
			time.Sleep(time.Minute)
		}
		if logs.Len() != 2 {
			t.Errorf("%d lines, want a warning and its end", logs.Len())
		}
		time.Sleep(time.Minute)
		h.Down("nothing was told")
		if logs.Len() != 3 {
			t.Error("an hour later it is not said again")
		}
	})
}
