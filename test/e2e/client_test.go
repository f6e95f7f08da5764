package e2e

import (
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// runEAS runs eas.py: a client that shares no line with us, so that what our codec
// reads and writes wrong in the same way is still seen.
func runEAS(t *testing.T, d door, user string, args ...string) string {
	t.Helper()
	common := []string{"../testbed/eas.py", "--url", d.url, "--user", user, "--password", password,
		"--device-id", "PYTHON", "--insecure"}
	out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", append(common, args...)...).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out)
}

// What differs between two answers of one server to the same request: the time
// taken, the date, the headers of the one connection (RFC 9110 7.6.1), and the
// key that SOGo draws for each FolderSync.
var differs = regexp.MustCompile(`(?m)after [0-9.]+ s|^  (Date|Connection|Keep-Alive): .*\n|^FolderSync: .*$|<FolderHierarchy:SyncKey>.*`)

// normal is what must be equal. OPTIONS prints the header, and the order of
// fields with different names has no meaning (RFC 9110 5.3): Go writes them
// sorted.
func normal(said string) string {
	said = differs.ReplaceAllString(said, "")
	if !strings.HasPrefix(said, "OPTIONS") {
		return said
	}
	lines := strings.Split(said, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestAnIndependentClientReadsTheSameThroughDiastole(t *testing.T) {
	t.Parallel()
	e := startEdge(t, front())
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"OPTIONS":                 {[]string{"options"}, "MS-ASProtocolVersions: 2.5,12.0,12.1,14.0,14.1"},
		"Provision":               {[]string{"provision"}, "<Provision:Status>1</Provision:Status>"},
		"FolderSync":              {[]string{"foldersync"}, "<FolderHierarchy:DisplayName>INBOX"},
		"Sync":                    {[]string{"sync"}, "<Email:Subject>first</Email:Subject>"},
		"Ping":                    {[]string{"ping", "--heartbeat", "10"}, "<Ping:Status>1</Ping:Status>"},
		"base64 query, Sync":      {[]string{"--b64", "sync"}, "<Email:Subject>first</Email:Subject>"},
		"base64 query, Ping":      {[]string{"--b64", "ping", "--heartbeat", "10"}, "<Ping:Status>1</Ping:Status>"},
		"12.1":                    {[]string{"--protocol", "12.1", "sync"}, "<Email:Subject>first</Email:Subject>"},
		"2.5":                     {[]string{"--protocol", "2.5", "foldersync"}, "<FolderHierarchy:DisplayName>INBOX"},
		"an unknown folder":       {[]string{"ping", "--heartbeat", "5", "--folder", "no/such"}, "<Ping:Status>1</Ping:Status>"},
		"a Ping without a folder": {[]string{"ping", "--empty"}, "<Ping:Status>3</Ping:Status>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := server.user(t)
			server.deliver(t, user, "first")
			// The same device both times: SOGo's keys count the Syncs of a device.
			straight := runEAS(t, direct(), user, c.args...)
			through := runEAS(t, e.door(), user, c.args...)
			if !strings.Contains(straight, c.want) {
				t.Errorf("the server does not say %q:\n%s", c.want, straight)
			}
			if normal(through) != normal(straight) {
				t.Errorf("through diastole:\n%s\nstraight:\n%s", through, straight)
			}
		})
	}
}
