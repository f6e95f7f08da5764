package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// each renders every case.
func each(t *testing.T, look func(t *testing.T, o *objects)) {
	for name, values := range cases {
		t.Run(name, func(t *testing.T) { look(t, made(t, values)) })
	}
}

func TestPodsAreAllowedWhereOnlyRestrictedOnesAre(t *testing.T) {
	judge, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, o *objects) {
		restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
		if result := policy.AggregateCheckResults(judge.EvaluatePod(restricted, &o.pod.ObjectMeta, &o.pod.Spec)); !result.Allowed {
			t.Error(result.ForbiddenDetail())
		}
		if c := o.pod.Spec.Containers[0].SecurityContext; !*c.ReadOnlyRootFilesystem || *o.pod.Spec.AutomountServiceAccountToken {
			t.Error("it can write its image, or has a token of the API")
		}
	})
}

func TestAPodHasTimeToDrain(t *testing.T) {
	each(t, func(t *testing.T, o *objects) {
		drain, err := time.ParseDuration(regexp.MustCompile(`(?m)^drain: (\S+)$`).FindStringSubmatch(o.config)[1])
		if err != nil {
			t.Fatal(err)
		}
		before := time.Duration(o.pod.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds) * time.Second
		grace := time.Duration(*o.pod.Spec.TerminationGracePeriodSeconds) * time.Second
		if before == 0 || grace < before+drain+10*time.Second {
			t.Errorf("%s for %s before the end and a drain of %s", grace, before, drain)
		}
	})
}

// matches says whether a selector finds the pods.
func (o *objects) matches(what string, selector *meta.LabelSelector) {
	o.t.Helper()
	s, err := meta.LabelSelectorAsSelector(selector)
	if err != nil || s.Empty() || !s.Matches(labels.Set(o.pod.Labels)) {
		o.t.Errorf("%s: %v does not find %v (%v)", what, s, o.pod.Labels, err)
	}
}

func TestEverythingFindsItsPodsAndTheirPorts(t *testing.T) {
	each(t, func(t *testing.T, o *objects) {
		o.matches("the workload", o.selector)
		ports := map[string]bool{}
		for _, p := range o.pod.Spec.Containers[0].Ports {
			ports[p.Name] = true
		}
		for name, s := range o.services {
			o.matches(name, &meta.LabelSelector{MatchLabels: s.Spec.Selector})
			for _, p := range s.Spec.Ports {
				if !ports[p.TargetPort.StrVal] {
					t.Errorf("%s: no port %s", name, p.TargetPort.StrVal)
				}
			}
		}
		if o.budget != nil {
			o.matches("the budget", o.budget.Spec.Selector)
		}
		if o.network != nil {
			o.matches("the network policy", &o.network.Spec.PodSelector)
			for _, in := range o.network.Spec.Ingress {
				if port := in.Ports[0].Port.StrVal; !ports[port] || port != "phones" && len(in.From) == 0 {
					t.Errorf("it lets everybody to %s", port)
				}
			}
		}
		if o.monitor != nil {
			s, err := meta.LabelSelectorAsSelector(&o.monitor.Spec.Selector)
			if err != nil || !s.Matches(labels.Set(o.services["mail-diastole-admin"].Labels)) || s.Matches(labels.Set(o.services["mail-diastole"].Labels)) {
				t.Errorf("the monitor finds the wrong service: %v, %v", s, err)
			}
		}
	})
}

func TestPhonesAddressesArriveAndTheAdminPortStaysInside(t *testing.T) {
	each(t, func(t *testing.T, o *objects) {
		phones, admin := o.services["mail-diastole"].Spec, o.services["mail-diastole-admin"].Spec
		proxied := strings.Contains(o.config, "proxy_protocol:")
		if phones.Type != core.ServiceTypeClusterIP && phones.ExternalTrafficPolicy != core.ServiceExternalTrafficPolicyLocal && !proxied {
			t.Errorf("%s without the PROXY protocol: all phones would have a node's address", phones.ExternalTrafficPolicy)
		}
		if admin.ClusterIP != core.ClusterIPNone || len(phones.Ports) != 1 || phones.Ports[0].Name != "phones" {
			t.Errorf("phones %v, admin %v", phones, admin)
		}
	})
}

// A port in the configuration that nothing in the cluster can reach is none.
func TestDovecotReachesThePods(t *testing.T) {
	o := made(t, cases["Redis Cluster"])
	s := o.services["mail-diastole-dovecot"].Spec
	if len(s.Ports) != 1 || s.Ports[0].Port != 9100 || len(o.network.Spec.Ingress) != 2 {
		t.Errorf("ports %v, the policy lets in %v", s.Ports, o.network.Spec.Ingress)
	}
	if o := made(t, cases["Redis"]); len(o.services) != 2 {
		t.Errorf("services without a hook: %v", o.services)
	}
}

func TestStateIsKeptWhereItIsSaid(t *testing.T) {
	for name, want := range map[string]string{"one volume each": "apps/v1 StatefulSet", "Redis": "apps/v1 Deployment", "nothing kept": "apps/v1 Deployment"} {
		o := made(t, cases[name])
		if o.kinds[want] != 1 || (len(o.volumes) == 1) != (want == "apps/v1 StatefulSet") {
			t.Errorf("%s: %v with %d volumes", name, o.kinds, len(o.volumes))
		}
	}
}

// diastole is the program, built once a run of this test.
func diastole(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "diastole")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/diastole")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// What the chart writes is read by who has to understand it: the configuration and the
// command lines of the pod.
func TestTheProgramUnderstandsItsConfigurationAndItsArguments(t *testing.T) {
	binary, dir := diastole(t), t.TempDir()
	secrets(t, dir)
	each(t, func(t *testing.T, o *objects) {
		mounted := map[string]bool{}
		for _, m := range o.pod.Spec.Containers[0].VolumeMounts {
			mounted[m.MountPath] = slices.ContainsFunc(o.pod.Spec.Volumes, func(v core.Volume) bool { return v.Name == m.Name }) ||
				len(o.volumes) == 1 && o.volumes[0].Name == m.Name
		}
		for _, path := range regexp.MustCompile(`/(?:run/secrets|var/lib)/\S+`).FindAllString(o.config, -1) {
			if !mounted[filepath.Dir(path)] {
				t.Errorf("nothing is mounted for %s", path)
			}
		}
		file := filepath.Join(dir, "diastole.yaml")
		text := strings.NewReplacer("/run/secrets/diastole", dir, "/var/lib/diastole", dir).Replace(o.config)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(binary, "check", "--config", file).CombinedOutput(); err != nil {
			t.Errorf("%v: %s\n%s", err, out, text)
		}
		c := o.pod.Spec.Containers[0]
		for _, probe := range []*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
			// 2 is a command line that makes no sense; here nobody answers, which is 1.
			cmd := exec.Command(binary, append(probe.Exec.Command[1:], "--admin", "http://127.0.0.1:1")...)
			if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("%q: exit code %d: %s", probe.Exec.Command, cmd.ProcessState.ExitCode(), out)
			}
		}
	})
}

// secrets writes what a cluster would mount.
func secrets(t *testing.T, dir string) {
	t.Helper()
	script := `cd "$0"; mkdir admin tls redis key files
openssl rand -hex 32 >files/dovecot
openssl rand -hex 32 >admin/token; openssl rand -hex 32 >key/key; echo secret >redis/password
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=push -days 2 -keyout tls/tls.key -out tls/tls.crt
cp tls/tls.crt files/exchange.pem
chmod -R go-rwx .`
	if out, err := exec.Command("sh", "-euc", script, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
