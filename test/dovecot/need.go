package dovecot

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Need leaves a test out where no Dovecot can be run, and says how to get one. On
// CI that is a failure: a proof that is left out in silence is none.
func Need(t testing.TB) {
	t.Helper()
	why := Missing()
	switch {
	case why == "":
	case os.Getenv("CI") == "true":
		t.Fatal("no real Dovecot: " + why)
	default:
		t.Skip("no real Dovecot: " + why)
	}
}

// Missing says why no Dovecot can be run here and what to do, "" if one can.
func Missing() string {
	if os.Getuid() != 0 {
		return "its daemons run under their own users: run as root"
	}
	var missing []string
	for file, pack := range map[string]string{
		"/usr/sbin/dovecot":      "dovecot-core",
		"/usr/lib/dovecot/imap":  "dovecot-imapd",
		"/usr/lib/dovecot/lmtp":  "dovecot-lmtpd",
		luaModule:                "dovecot-core",
		"/usr/lib/dovecot/stats": "dovecot-core",
	} {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, pack)
		}
	}
	if len(missing) > 0 {
		return "not installed: " + strings.Join(missing, " ") + ": run `make deps`"
	}
	if out, err := exec.Command("dovecot", "--version").Output(); err != nil || !strings.HasPrefix(string(out), "2.3.") {
		return "not the Dovecot 2.3 of Debian 12, but " + strings.TrimSpace(string(out))
	}
	return ""
}

// luaModule is in dovecot-core on Debian 12; elsewhere it is a package of its own.
const luaModule = "/usr/lib/dovecot/modules/lib22_push_notification_lua_plugin.so"
