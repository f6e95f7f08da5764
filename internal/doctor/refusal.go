package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/diastole/diastole/internal/lab"
	"github.com/diastole/diastole/wbxml/eas"
)

// explained says what a failure at the door means, and where to look.
func explained(err error) error {
	var refused *lab.HTTPError
	var status *lab.StatusError
	var page *lab.KindError
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%s was answered HTTP %d%s", refused.Command, refused.Code, meaningOf(refused.Code))
	case errors.As(err, &status):
		return errors.New(status.Command + " was answered with " + statusWords(status.Command, status.Status))
	case errors.As(err, &page):
		return fmt.Errorf("what answers is no ActiveSync server: it sends %q. A sign-in page, a guest network's portal, or a proxy in its place: open the address in a browser on this machine", page.Kind)
	}
	return unreached(err)
}

// meaningOf is what an HTTP status at the door means; "" where nobody knows.
func meaningOf(code int) string {
	switch {
	case code == 401:
		return ": the server does not take this user and password, or the user may not use ActiveSync"
	case code == 403:
		return ": the user, or the device, may not use ActiveSync. Look whether it is on for this mailbox, and whether a device DiastoleDoctor1 is blocked, or waits in quarantine to be allowed; or else a filter in front refuses"
	case code == 404:
		return ": there is no ActiveSync at this address"
	case code == 407:
		return ": a proxy on the way wants a password of its own; phones do not know such proxies"
	case code >= 300 && code < 400:
		return ": it sends elsewhere, where phones do not follow. A sign-in page, or a guest network's portal: open the address in a browser on this machine"
	case code == 429, code == 503:
		return ": the server is overloaded, or has had enough of this user; try again in some minutes"
	case code == 502, code == 504:
		return ": a proxy answers, and the server behind it does not"
	case code >= 500:
		return ": the server fails; its log says why"
	}
	return ""
}

// statusWords is an ActiveSync status with its meaning (MS-ASCMD 2.2.2, 2.2.3.177), and
// with the way out where it is in an administrator's hands.
func statusWords(command string, status int) string {
	words, meaning := fmt.Sprintf("status %d", status), ""
	switch command {
	case eas.CommandPing.String():
		meaning = eas.PingStatus(status).String()
	case eas.CommandSync.String():
		meaning = eas.SyncStatus(status).String()
	default:
		meaning = eas.FolderSyncStatus(status).String()
	}
	if meaning != "" && meaning != words {
		words += ", " + meaning
	}
	switch status {
	case eas.StatusUserDisabledForSync, eas.StatusAccessDenied:
		words += ": look whether ActiveSync is on for this mailbox"
	case eas.StatusDeviceIsBlockedForThisUser:
		words += ": allow the device DiastoleDoctor1 (Exchange: Get-MobileDevice, Set-CASMailbox -ActiveSyncAllowedDeviceIDs)"
	case eas.StatusMaximumDevicesReached:
		words += ": remove some of the user's old devices, or take another user"
	}
	return words
}

// unreached is a failure below HTTP.
func unreached(err error) error {
	var name *net.DNSError
	var noTLS tls.RecordHeaderError
	var failed *net.OpError
	var slow net.Error
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Errorf("the name %s is not known to the DNS of this machine", name.Name)
	case errors.As(err, &noTLS):
		return errors.New("what listens there does not speak TLS: another port, or http:// instead of https://?")
	case errors.As(err, &failed) && failed.Op == "dial":
		return fmt.Errorf("the server cannot be reached: %w", failed)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection was closed without an answer: a server that is just stopping, or a filter on the way that does not let ActiveSync pass")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return fmt.Errorf("no answer within %s: the server is overloaded or hangs, or a filter on the way swallows what is sent", briefly(prompt))
	case errors.As(err, &failed):
		return fmt.Errorf("the server cannot be reached: %w", failed)
	}
	return bare(err)
}

// bare is an error without the names of our own rooms, which say nothing to a stranger.
func bare(err error) error {
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err
	}
	if text, ours := strings.CutPrefix(err.Error(), "lab: "); ours {
		return errors.New(text)
	}
	return err
}
