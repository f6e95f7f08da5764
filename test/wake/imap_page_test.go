package wake_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/diastole/diastole/internal/wake"
	"github.com/diastole/diastole/internal/wake/imap"
	"github.com/diastole/diastole/test/dovecot"
)

// All settings of the page together, in a Dovecot that knows nothing of them.
func TestTheSettingsOfThePageHibernateAndLetTheMasterIn(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/wake-imap.md")
	must(t, err)
	var settings strings.Builder
	for _, block := range regexp.MustCompile("(?s)```dovecot\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		settings.WriteString(block[1])
	}
	dir, err := os.MkdirTemp("", "etc-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	masters := filepath.Join(dir, "master-users")
	must(t, os.WriteFile(masters, []byte("diastole:{PLAIN}of-the-page\n"), 0o644))
	extra := strings.NewReplacer("/etc/dovecot/master-users", masters, "imap_hibernate_timeout = 5s", "imap_hibernate_timeout = 1s").Replace(settings.String())
	if n := strings.Count(extra, "\n"); n < 30 || !strings.Contains(extra, masters) {
		t.Fatalf("%d lines of settings:\n%s", n, extra)
	}
	server := dovecot.Start(t, dovecot.Config{Extra: extra})
	source := openIMAP(t, imap.Config{Address: server.IMAP, Master: imap.Master{User: "diastole", Password: "of-the-page"}})
	ear := listen(t, source, wake.Mailbox{User: "user1", Inbox: true})
	ear.covers(wake.Inbox)
	awaitHibernation(t, server, 1)
	ear.hears("a delivery", func() error { return server.Deliver("user1", "hello") })
}
