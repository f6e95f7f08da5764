package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// compose reads an example as `docker compose` does: by the schema, with variables,
// and with every file that it names.
func compose(t *testing.T, dir string, env ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, "compose.yaml")}, cli.WithWorkingDirectory(dir), cli.WithEnv(env))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func examples(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("../../deploy/docker/*/compose.yaml")
	if err != nil || len(dirs) < 2 {
		t.Fatalf("%v, %v", dirs, err)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

func TestComposeReadsItsExamples(t *testing.T) {
	for _, dir := range examples(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			s := compose(t, dir, "MAIL_NETWORK=mail_net").Services["diastole"]
			if grace := time.Duration(*s.StopGracePeriod); grace < 35*time.Second {
				t.Errorf("%s to stop, for a drain of 25 s", grace)
			}
			if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || s.User != "" {
				t.Errorf("read_only %v, cap_drop %v, user %q", s.ReadOnly, s.CapDrop, s.User)
			}
			if _, err := os.Stat(filepath.Join(s.Build.Context, "Dockerfile")); err != nil {
				t.Error(err)
			}
			for _, p := range s.Ports {
				if p.Target == 9180 && p.HostIP != "127.0.0.1" {
					t.Errorf("the admin port is published on %q", p.HostIP)
				}
			}
			if name := compose(t, dir, "MAIL_NETWORK=mail_net").Networks["mail"].Name; name != "mail_net" {
				t.Errorf("the network is %s", name)
			}
			for _, v := range s.Volumes {
				if name := filepath.Base(v.Source); v.Type == types.VolumeTypeBind && strings.Contains(name, ".") {
					if _, err := os.Stat(v.Source); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// A container sees the files where Compose mounts them; here they lie in a directory.
func TestTheProgramUnderstandsTheConfigurationOfTheExamples(t *testing.T) {
	binary, dir := diastole(t), t.TempDir()
	secrets(t, dir)
	script := `cd "$0"; cp tls/tls.crt cert.pem; cp tls/tls.crt imap-ca.pem; cp tls/tls.key key.pem; cp admin/token admin-token`
	if out, err := exec.Command("sh", "-euc", script, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, example := range examples(t) {
		t.Run(filepath.Base(example), func(t *testing.T) {
			s := compose(t, example).Services["diastole"]
			text, err := os.ReadFile(filepath.Join(example, "diastole.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			places := []string{"/run/secrets/", dir + "/"}
			for _, v := range s.Volumes {
				places = append(places, v.Target, dir)
			}
			file := filepath.Join(dir, "diastole.yaml")
			if err := os.WriteFile(file, []byte(strings.NewReplacer(places...).Replace(string(text))), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(binary, "check", "--config", file).CombinedOutput()
			if err != nil || strings.Contains(string(out), "/etc/diastole/") {
				t.Errorf("%v: %s", err, out)
			}
			test := s.HealthCheck.Test
			cmd := exec.Command(binary, append(slices.Clone([]string(test[2:])), "--admin", "http://127.0.0.1:1")...)
			if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("%q: exit code %d: %s", test, cmd.ProcessState.ExitCode(), out)
			}
		})
	}
}
