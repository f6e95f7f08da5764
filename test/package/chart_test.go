package packaging

import (
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"sigs.k8s.io/yaml"
)

const chartDir = "../../deploy/helm/diastole"

// render is what `helm template` does, with these values in place of a file's.
func render(t *testing.T, values string) (files map[string]string, err error) {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	var given map[string]any
	if err := yaml.UnmarshalStrict([]byte(values), &given); err != nil {
		t.Fatal(err)
	}
	// What is coalesced is what the schema sees: a key that the chart does not know is refused.
	all, err := chartutil.ToRenderValues(c, given, chartutil.ReleaseOptions{Name: "mail", Namespace: "push", IsInstall: true}, chartutil.DefaultCapabilities.Copy())
	if err != nil {
		return nil, err
	}
	return engine.Engine{Strict: true}.Render(c, all)
}

// cases are the values that the chart is rendered with.
var cases = map[string]string{
	"the least that is needed": "config: {upstream: {url: https://exchange.internal}}",
	"one volume each":          "{config: {upstream: {url: https://exchange.internal, profile: exchange}}, tls: {secretName: push-tls}, drainSeconds: 120}",
	"Redis":                    "{config: {upstream: {url: https://exchange.internal}}, replicas: 6, state: {kind: redis, redis: {url: 'redis://redis:6379/0', passwordSecretName: r, keySecretName: k}}}",
	"Redis Cluster":            "{config: {upstream: {url: https://exchange.internal, ca: /run/secrets/diastole/files/exchange.pem, hold: edge, profile: zpush}, wake: {dovecot: {listen: ':9100', token_file: /run/secrets/diastole/files/dovecot}}}, filesSecretName: f, networkPolicy: {dovecotFrom: [{podSelector: {}}]}, replicas: 3, state: {kind: redis, redis: {url: 'rediss://redis:6379', cluster: true, ca: /run/secrets/diastole/files/exchange.pem, keySecretName: k}}}",
	"nothing kept":             "{config: {upstream: {url: https://exchange.internal}}, state: {kind: none}, service: {type: ClusterIP}, podDisruptionBudget: {enabled: false}, networkPolicy: {enabled: false}}",
	"all of it": `
image: {repository: registry.internal/diastole, tag: v1.2.3}
imagePullSecrets: [{name: registry}]
config: {upstream: {url: https://exchange.internal}, policy: {firewall_idle: 30m}, log: {users: plain}, admin: {pprof: true}}
tls: {secretName: push-tls}
admin: {tokenSecretName: my-token}
state: {volume: {size: 2Gi, storageClassName: fast}}
service: {externalTrafficPolicy: Cluster, proxyProtocolFrom: [10.0.0.0/8], annotations: {a/b: "true"}, loadBalancerSourceRanges: [203.0.113.0/24]}
podDisruptionBudget: {maxUnavailable: "25%"}
networkPolicy:
  adminFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
  egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 443}]}]
serviceMonitor: {enabled: true, labels: {release: prometheus}}
podAnnotations: {x/y: z}
podLabels: {team: mail}
nodeSelector: {edge: "yes"}
tolerations: [{key: edge, operator: Exists}]
affinity: {nodeAffinity: {}}
priorityClassName: important
`,
}

func TestHelmFindsNothingToSay(t *testing.T) {
	result := lint.All(chartDir, map[string]any{"config": map[string]any{"upstream": map[string]any{"url": "https://exchange.internal"}}}, "push", true)
	for _, m := range result.Messages {
		if m.Severity > support.InfoSev { // it would like an icon
			t.Error(m)
		}
	}
}

func TestValuesThatCannotBeMeantAreRefused(t *testing.T) {
	const least = "config: {upstream: {url: https://exchange.internal}}\n"
	for _, c := range []struct{ name, values, want string }{
		{"no server", "replicas: 1", "upstream"},
		{"a server that is no URL", "config: {upstream: {url: exchange.internal}}", "url"},
		{"a key with a slip", least + "replica: 3", "replica"},
		{"a kind of state that is none", least + "state: {kind: sqlite}", "kind"},
		{"Redis without an address", least + "state: {kind: redis, redis: {keySecretName: k}}", "url"},
		{"Redis without the key of all nodes", least + "state: {kind: redis, redis: {url: 'redis://r'}}", "keySecretName"},
		{"an address that the chart gives", "config: {listen: ':443', upstream: {url: https://exchange.internal}}", "config"},
		{"a drain that the chart gives", "config: {drain: 10s, upstream: {url: https://exchange.internal}}", "config"},
		{"an admin port without a token", "config: {admin: {listen: ':9180'}, upstream: {url: https://exchange.internal}}", "admin"},
		{"nobody to serve", least + "replicas: 0", "replicas"},
		{"a budget of nothing", least + "podDisruptionBudget: {maxUnavailable: 0}", "maxUnavailable"},
		{"a budget of no percent", least + "podDisruptionBudget: {maxUnavailable: '0%'}", "maxUnavailable"},
		{"two that do not know of each other", least + "replicas: 2", "state.kind to redis"},
		{"a balancer that is no address", least + "service: {proxyProtocolFrom: [balancer]}", "proxyProtocolFrom"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := render(t, c.values); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a word about %s", err, c.want)
			}
		})
	}
}

// Every value stands in both files, or one of them lies.
func TestTheSchemaAndTheDefaultsNameTheSame(t *testing.T) {
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct{ Properties map[string]any }
	if err := yaml.Unmarshal(c.Schema, &schema); err != nil {
		t.Fatal(err)
	}
	for name := range schema.Properties {
		if _, has := c.Values[name]; !has && name != "global" {
			t.Errorf("values.yaml does not name %s", name)
		}
	}
	for name := range c.Values {
		if _, has := schema.Properties[name]; !has {
			t.Errorf("values.schema.json does not name %s", name)
		}
	}
	if c.Metadata.Type != "application" || c.Validate() != nil {
		t.Errorf("%v, %v", c.Metadata, (*chart.Chart).Validate(c))
	}
}
