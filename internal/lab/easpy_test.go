package lab

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// eas.py is an ActiveSync client that shares no code with the lab: an independent judge of its server.
const easPy = "../../test/testbed/eas.py"

// runEasPy runs it and gives what it printed.
func runEasPy(t *testing.T, url string, args ...string) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("left out: no python3 here to run test/testbed/eas.py")
	}
	all := append([]string{easPy, "--url", url, "--user", "anna", "--password", "secret", "--device-id", "pydevice"}, args...)
	cmd := exec.CommandContext(t.Context(), python, all...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("eas.py %s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String()
}

func TestAnIndependentClientIsContentWithTheServer(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{
		"plain": nil, "base64": {"--b64"}, "12.1": {"--protocol", "12.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := NewServer(ServerConfig{Users: map[string]string{"anna": "secret"}, Policy: true, MinHeartbeat: time.Second})
			url, err := s.Listen(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			s.Deliver("anna", "", Mail{Subject: "for the snake", Body: "text"})
			for _, c := range []struct {
				args []string
				want string
			}{
				{[]string{"options"}, "MS-ASProtocolVersions: " + protocolVersions},
				{[]string{"provision"}, "<Provision:PolicyKey>"},
				{[]string{"foldersync"}, "<FolderHierarchy:DisplayName>Inbox</FolderHierarchy:DisplayName>"},
				{[]string{"sync"}, "<Email:Subject>for the snake</Email:Subject>"},
				{[]string{"ping", "--heartbeat", "1"}, "<Ping:Status>1</Ping:Status>"},
				{[]string{"ping", "--empty"}, "<Ping:Status>1</Ping:Status>"},
			} {
				out := runEasPy(t, url, append(append([]string{}, options...), c.args...)...)
				if !strings.Contains(out, c.want) {
					t.Errorf("eas.py %v printed no %q:\n%s", c.args, c.want, out)
				}
			}
		})
	}
}
