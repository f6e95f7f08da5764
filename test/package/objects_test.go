package packaging

import (
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// objects are what a chart makes, read by the types of the API.
type objects struct {
	t           *testing.T
	kinds       map[string]int
	pod         core.PodTemplateSpec
	selector    *meta.LabelSelector // the workload's
	volumes     []core.PersistentVolumeClaim
	config      string
	services    map[string]core.Service
	budget      *policy.PodDisruptionBudget
	network     *networking.NetworkPolicy
	monitor     *monitoring.ServiceMonitor
	tokenSecret *core.Secret
}

// made renders the chart and reads each object strictly: a field that the API does not
// know, or one with a value of another type, fails.
func made(t *testing.T, values string) *objects {
	t.Helper()
	files, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	o := &objects{t: t, kinds: map[string]int{}, services: map[string]core.Service{}}
	for name, text := range files {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for part := range strings.SplitSeq(text, "\n---\n") {
			if strings.TrimSpace(part) != "" {
				o.add(name, part)
			}
		}
	}
	return o
}

func (o *objects) add(name, text string) {
	o.t.Helper()
	var of meta.TypeMeta
	if err := yaml.Unmarshal([]byte(text), &of); err != nil {
		o.t.Fatalf("%s: %v\n%s", name, err, text)
	}
	o.kinds[of.APIVersion+" "+of.Kind]++
	switch of.APIVersion + " " + of.Kind {
	case "apps/v1 StatefulSet":
		set := strict[apps.StatefulSet](o.t, name, text)
		o.pod, o.selector, o.volumes = set.Spec.Template, set.Spec.Selector, set.Spec.VolumeClaimTemplates
	case "apps/v1 Deployment":
		set := strict[apps.Deployment](o.t, name, text)
		o.pod, o.selector = set.Spec.Template, set.Spec.Selector
	case "v1 ConfigMap":
		o.config = strict[core.ConfigMap](o.t, name, text).Data["diastole.yaml"]
	case "v1 Secret":
		o.tokenSecret = strict[core.Secret](o.t, name, text)
	case "v1 Service":
		s := strict[core.Service](o.t, name, text)
		o.services[s.Name] = *s
	case "policy/v1 PodDisruptionBudget":
		o.budget = strict[policy.PodDisruptionBudget](o.t, name, text)
	case "networking.k8s.io/v1 NetworkPolicy":
		o.network = strict[networking.NetworkPolicy](o.t, name, text)
	case "monitoring.coreos.com/v1 ServiceMonitor":
		o.monitor = strict[monitoring.ServiceMonitor](o.t, name, text)
	default:
		o.t.Errorf("%s: an object that nobody expects: %v", name, of)
	}
}

func strict[T any](t *testing.T, name, text string) *T {
	t.Helper()
	var object T
	if err := yaml.UnmarshalStrict([]byte(text), &object); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
	return &object
}
