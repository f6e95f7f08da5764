package edge

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	acmeapi "github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
)

// What came of asking an authority, as metric labels.
const (
	acmeObtained    = "obtained"
	acmeRenewed     = "renewed"
	acmeUnreachable = "unreachable"     // its server did not answer
	acmeNotBelieved = "ca-not-believed" // its server's certificate is signed by nobody we trust
	acmeLimited     = "rate-limited"    // it wants to hear less of us
	acmeChallenge   = "challenge"       // it did not find our answer under that name
	acmeAccount     = "account"         // it does not let us have an account
	acmeRejected    = "rejected"        // it does not give certificates for that name
	acmeStorage     = "storage"         // what it gave could not be kept
	acmeOther       = "other"
)

var acmeResults = []string{acmeObtained, acmeRenewed, acmeUnreachable, acmeNotBelieved, acmeLimited,
	acmeChallenge, acmeAccount, acmeRejected, acmeStorage, acmeOther}

// wayOut is what an operator can do about each.
var wayOut = map[string]string{
	acmeUnreachable: "let this machine reach the authority's server, or write the address of yours into tls.acme.ca",
	acmeNotBelieved: "write a PEM file with the authority's root into tls.acme.ca_root",
	acmeLimited:     "nothing has to be done: it is asked again later; take names away that are not needed",
	acmeChallenge: "the name has to lead to this machine, and port 80 (tls.acme.http) or 443 (listen) has to be reached " +
		"from the authority",
	acmeAccount:  "an authority that wants an external account needs tls.acme.eab.key_id and key_file; its e-mail address may be wrong",
	acmeRejected: "take the name out of tls.acme.domains, or choose an authority that issues for it",
	acmeStorage:  "let diastole write to tls.acme.path, and look whether the disk is full",
	acmeOther:    "see the error; it is tried again by itself",
}

// hear is told by certmagic what happens. An error keeps it from beginning.
func (i *issuing) hear(_ context.Context, event string, data map[string]any) error {
	name, _ := data["identifier"].(string)
	renewal, _ := data["renewal"].(bool)
	switch event {
	case "cached_managed_cert":
		names, _ := data["sans"].([]string)
		i.noteLoaded(names)
	case "cert_obtaining":
		return i.mayAsk(name, time.Now())
	case "cert_obtained":
		result := acmeObtained
		if renewal {
			result = acmeRenewed
		}
		i.metrics.acme.WithLabelValues(result).Inc()
		i.log.Info("certificate issued", zap.String("name", name), zap.Bool("renewal", renewal), zap.String("ca", hostOf(i.issuer.CA)))
	case "cert_failed":
		err, _ := data["error"].(error)
		i.noteFailure(name, renewal, err)
	}
	return nil
}

// noteLoaded is for what was on the shelf, and for what has just been put there.
func (i *issuing) noteLoaded(names []string) {
	for _, name := range names {
		if pair, err := i.get(name); err == nil {
			i.log.Info("certificate in use", described(pair.Leaf)...)
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, name := range names {
		if done := i.loaded[name]; done != nil {
			close(done)
			delete(i.loaded, name)
		}
	}
}

func (i *issuing) noteFailure(name string, renewal bool, err error) {
	result := acmeFailure(err)
	i.metrics.acme.WithLabelValues(result).Inc()
	until, said := retryAfter(err)
	if said {
		i.mu.Lock()
		i.not[name] = until
		i.mu.Unlock()
	}
	fields := []zap.Field{zap.String("name", name), zap.String("reason", result), zap.String("why", wayOut[result]),
		zap.String("ca", hostOf(i.issuer.CA)), zap.Error(err)}
	if renewal {
		i.log.Error("a certificate was not renewed, the one before stays in use", fields...)
		return
	}
	i.log.Error("no certificate was issued, phones cannot connect to this name", fields...)
}

// mayAsk holds back what the authority has asked not to be asked. certmagic's own
// pace (after 1, 2, 2, 5, 10 minutes and so on) knows nothing of it.
func (i *issuing) mayAsk(name string, now time.Time) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if until := i.not[name]; now.Before(until) {
		return fmt.Errorf("the authority does not want to be asked before %s", until.Format(time.RFC3339))
	}
	delete(i.not, name)
	return nil
}

// saysWhen is how Let's Encrypt says it; the Retry-After header of the same answer
// does not come as far as here.
var saysWhen = regexp.MustCompile(`retry after (\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC)`)

// longestPause bounds what an authority may ask for: after it, it is asked once more.
const longestPause = 7 * 24 * time.Hour

func retryAfter(err error) (time.Time, bool) {
	var problem acmeapi.Problem
	if !errors.As(err, &problem) {
		return time.Time{}, false
	}
	said := saysWhen.FindStringSubmatch(problem.Detail)
	if said == nil {
		return time.Time{}, false
	}
	until, err := time.Parse("2006-01-02 15:04:05 MST", said[1])
	return until, err == nil && time.Until(until) < longestPause
}

// acmeFailure finds the label of an error.
func acmeFailure(err error) string {
	var problem acmeapi.Problem
	var unknown x509.UnknownAuthorityError
	var believed *tls.CertificateVerificationError
	var network net.Error
	var file *fs.PathError
	switch {
	case errors.As(err, &problem):
		result := problemResult(problem)
		// Authorities call it unauthorized, as they do with a name that is not ours.
		if result != acmeLimited && strings.Contains(err.Error(), "registering account") {
			return acmeAccount
		}
		return result
	case errors.As(err, &unknown), errors.As(err, &believed):
		return acmeNotBelieved
	case errors.As(err, &file):
		return acmeStorage
	case errors.As(err, &network):
		return acmeUnreachable
	}
	return acmeOther
}

// problemResult is acmeFailure for what the authority itself has said (RFC 8555 6.7).
func problemResult(p acmeapi.Problem) string {
	switch kind := strings.TrimPrefix(p.Type, "urn:ietf:params:acme:error:"); {
	case kind == "rateLimited", p.Status == http.StatusTooManyRequests:
		return acmeLimited
	case kind == "connection", kind == "dns", kind == "incorrectResponse", kind == "tls", kind == "unauthorized", kind == "caa":
		return acmeChallenge
	case kind == "externalAccountRequired", kind == "invalidContact", kind == "unsupportedContact", kind == "userActionRequired":
		return acmeAccount
	case kind == "rejectedIdentifier", kind == "unsupportedIdentifier":
		return acmeRejected
	}
	return acmeOther
}
