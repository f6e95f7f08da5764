package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sys/unix"

	"github.com/diastole/diastole/internal/config"
)

// newLog writes lines for people or JSON objects, one a line, to w. The level may
// be changed at any time.
func newLog(c config.Log, w zapcore.WriteSyncer, terminal bool) (*zap.Logger, zap.AtomicLevel, error) {
	level, err := zap.ParseAtomicLevel(c.Level)
	if err != nil {
		return nil, level, fmt.Errorf("log.level: %w", err)
	}
	// Faults of a broken log (a full disk, a closed pipe) would otherwise go nowhere.
	return zap.New(zapcore.NewCore(encoder(c.Format, terminal), zapcore.Lock(w), level), zap.ErrorOutput(w)), level, nil
}

func encoder(format string, terminal bool) zapcore.Encoder {
	c := zap.NewProductionEncoderConfig()
	c.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	c.TimeKey = "time"
	c.EncodeDuration = zapcore.StringDurationEncoder
	if format == "json" || format == "auto" && !terminal {
		return zapcore.NewJSONEncoder(c)
	}
	c.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02 15:04:05.000")
	c.EncodeLevel = zapcore.CapitalLevelEncoder
	return zapcore.NewConsoleEncoder(c)
}

// isTerminal says whether a person reads f.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}

// nameDigits of a digest tell the users of one server apart and still fit in a line.
const nameDigits = 12

// logNames says how log.users writes a user or a device: "hashed" is the beginning of an
// HMAC-SHA256 under a key drawn at this start, in hexadecimal. So the lines of one
// belong together until the next start, and nobody can try out names on an old log: the
// key is never written anywhere and ends with the process. "plain" is the name itself.
// No name is "-".
func logNames(how string) (func(name string) string, error) {
	key := make([]byte, sha256.Size)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("drawing the key for hashed names: %w", err)
	}
	// A search through all devices makes two for each: to make the keyed state anew every
	// time would be most of its cost.
	macs := sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}
	return func(name string) string {
		switch {
		case name == "":
			return "-"
		case how == "plain":
			return name
		}
		mac := macs.Get().(hash.Hash)
		defer macs.Put(mac)
		mac.Reset()
		io.WriteString(mac, name)
		var sum [sha256.Size]byte
		return hex.EncodeToString(mac.Sum(sum[:0])[:nameDigits/2])
	}, nil
}
