package edge

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/certmagic"
	acmeapi "github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func problem(kind, detail string, status int) error {
	return fmt.Errorf("[mail.example.com] Obtain: %w", acmeapi.Problem{Type: "urn:ietf:params:acme:error:" + kind, Detail: detail, Status: status})
}

func TestEveryFailureHasAReasonAndAWayOut(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{problem("rateLimited", "", 429), acmeLimited},
		{problem("malformed", "", 429), acmeLimited},
		{problem("connection", "", 400), acmeChallenge},
		{problem("dns", "", 400), acmeChallenge},
		{problem("unauthorized", "wrong answer", 403), acmeChallenge},
		{problem("caa", "", 403), acmeChallenge},
		{fmt.Errorf("registering account [] with server: %w", problem("unauthorized", "unknown kid", 403)), acmeAccount},
		{fmt.Errorf("registering account [] with server: %w", problem("rateLimited", "", 429)), acmeLimited},
		{problem("externalAccountRequired", "", 403), acmeAccount},
		{problem("rejectedIdentifier", "", 400), acmeRejected},
		{problem("serverInternal", "", 500), acmeOther},
		{fmt.Errorf("dial: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}), acmeUnreachable},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, acmeNotBelieved},
		{&fs.PathError{Op: "open", Err: fs.ErrPermission}, acmeStorage},
		{errors.New("something"), acmeOther},
		{nil, acmeOther},
	} {
		if got := acmeFailure(c.err); got != c.want {
			t.Errorf("%v is %s, want %s", c.err, got, c.want)
		}
	}
	page, err := os.ReadFile("../../docs/certificates.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range acmeResults[2:] { // the first two are no failures
		if wayOut[result] == "" || !strings.Contains(string(page), "\n| `"+result+"` | ") {
			t.Errorf("%s has no way out, or not in docs/certificates.md", result)
		}
	}
}

func TestAnAuthorityThatSaysWhenIsNotAskedBefore(t *testing.T) {
	now := time.Now()
	later := now.Add(3 * time.Hour).UTC().Truncate(time.Second)
	limited := "too many new orders, retry after " + later.Format(time.DateTime) + " UTC: see https://letsencrypt.org/docs/rate-limits/"
	i := &issuing{log: zap.NewNop(), metrics: NewMetrics(nil), not: map[string]time.Time{}, issuer: &certmagic.ACMEIssuer{}}
	i.noteFailure("mail.example.com", false, problem("rateLimited", limited, 429))
	for _, c := range []struct {
		after time.Duration
		asks  bool
	}{{0, false}, {3*time.Hour - time.Minute, false}, {3*time.Hour + time.Minute, true}} {
		if err := i.mayAsk("mail.example.com", now.Add(c.after)); (err == nil) != c.asks {
			t.Errorf("after %s: %v", c.after, err)
		}
	}
	if err := i.mayAsk("other.example.com", now); err != nil {
		t.Errorf("another name: %v", err)
	}
	for _, text := range []string{"retry after never", "retry after 2026-13-45 99:00:00 UTC", "", "retry after " + now.AddDate(1, 0, 0).UTC().Format(time.DateTime) + " UTC"} {
		if until, said := retryAfter(problem("rateLimited", text, 429)); said {
			t.Errorf("%q: until %s", text, until)
		}
	}
}

// silentShelf is one whose machine answers nothing.
type silentShelf struct{ Shelf }

func (silentShelf) Get(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A reload waits for it, and a service manager for the reload: after a minute without a
// sign of life it would end the process, with all waits that are held.
func TestAShelfThatSaysNothingHoldsUpNoReloadHoweverManyNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuing{log: zap.NewNop(), shelf: silentShelf{}, issuer: &certmagic.ACMEIssuer{}, loaded: map[string]chan struct{}{}}
		for n := range 100 {
			i.Domains = append(i.Domains, fmt.Sprintf("mail%d.example.com", n))
		}
		began := time.Now()
		now, later := i.sorted(t.Context())
		if len(now) != 0 || len(later) != 100 || time.Since(began) != loadWithin {
			t.Errorf("%d are there and %d come later, after %s", len(now), len(later), time.Since(began))
		}
	})
}

func TestTheLibraryIsHeardAtDebugAndItsErrorsAsWarnings(t *testing.T) {
	for level, want := range map[zapcore.Level]string{
		zapcore.InfoLevel:  "warn unable to unlock 1",
		zapcore.DebugLevel: "debug obtaining certificate 1, debug will retry 1, warn unable to unlock 1",
	} {
		core, logs := observer.New(level)
		log := zap.New(core).WithOptions(zap.WrapCore(demote)).With(zap.Int("n", 1))
		log.Info("obtaining certificate")
		log.Error("will retry")
		log.Error("unable to unlock")
		var said []string
		for _, e := range logs.All() {
			said = append(said, fmt.Sprintf("%s %s %v", e.Level, e.Message, e.ContextMap()["n"]))
		}
		if got := strings.Join(said, ", "); got != want {
			t.Errorf("at %s: %s, want %s", level, got, want)
		}
	}
}
