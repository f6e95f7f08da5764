package config

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/diastole/diastole/policy"
)

// anyPolicy draws a policy that compiles, with a rule or a network of every shape.
func anyPolicy(t *rapid.T) policy.Spec {
	s := policy.Spec{
		Mode:     rapid.SampledFrom([]policy.Mode{policy.Enforce, policy.Observe}).Draw(t, "mode"),
		Clamp:    rapid.SampledFrom([]policy.Clamp{policy.Early, policy.Refuse}).Draw(t, "clamp"),
		Learn:    rapid.SampledFrom([]policy.Learn{policy.LearnOff, policy.LearnObserve, policy.LearnEnforce}).Draw(t, "learn"),
		Margin:   time.Duration(rapid.IntRange(0, 30).Draw(t, "margin")) * time.Second,
		Networks: []policy.NetworkSpec{}, Rules: []policy.RuleSpec{},
	}
	if rapid.Bool().Draw(t, "firewall") {
		s.FirewallIdle = time.Duration(rapid.IntRange(60, 86400).Draw(t, "idle")) * time.Second
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "networks") {
		s.Networks = append(s.Networks, policy.NetworkSpec{
			Name:     fmt.Sprint(i, " ", word(t)),
			Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i)}), rapid.IntRange(16, 32).Draw(t, "bits"))},
		})
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "rules") {
		s.Rules = append(s.Rules, anyRule(t, fmt.Sprint(i, " ", word(t)), s))
	}
	return s
}

func anyRule(t *rapid.T, name string, s policy.Spec) policy.RuleSpec {
	text := rapid.StringMatching(`[a-zA-Z@.:#,"'-]{1,8}[*?]?`)
	some := rapid.SliceOfN(text, 0, 2).Filter(func(s []string) bool { return len(s) > 0 })
	r := policy.RuleSpec{Name: name, Match: policy.Match{User: some.Draw(t, "user"), Device: some.Draw(t, "device")}}
	if rapid.Bool().Draw(t, "agent") {
		r.Match.UserAgent, r.Match.DeviceType = some.Draw(t, "agents"), some.Draw(t, "types")
	}
	if len(s.Networks) > 0 && rapid.Bool().Draw(t, "network") {
		r.Match.Network = []string{rapid.SampledFrom(s.Networks).Draw(t, "which").Name}
		r.Max = time.Duration(rapid.IntRange(60, 86400).Draw(t, "max")) * time.Second
	}
	if r.Deny = r.Max == 0 && rapid.Bool().Draw(t, "deny"); !r.Deny {
		r.Clamp = rapid.SampledFrom([]policy.Clamp{0, policy.Early, policy.Refuse}).Draw(t, "clamp")
	}
	return r
}

func word(t *rapid.T) string {
	return rapid.StringMatching(`[a-zA-Z:#{}\[\]*&!'"-]{0,12}x`).Draw(t, "word")
}

// Whatever policy.Compile refuses has a line, a column and the value there.
func TestAMistakeInThePolicyIsShownWhereItStands(t *testing.T) {
	const file = `upstream: {url: https://exchange.internal}
policy:
  networks:
    - name: x
      prefixes:
        - 203.0.113.0/24
        - 198.51.100.0/24
  rules:
    - name: one
      match: {network: [x]}
    - name: two
      match:
        network: [x]
        user_agent:
          - ok
          - "Android*"
      max: 12m
`
	for _, c := range []struct{ old, new, want string }{
		{"198.51.100.0", "203.0.113.0", `7:11: policy.networks[0].prefixes[1]: "203.0.113.0/24": this prefix`},
		{"name: two", "name: one", `11:13: policy.rules[1].name: "one": two rules`},
		{"Android*", "Android{4,5}", `16:13: policy.rules[1].match.user_agent[1]: "Android{4,5}": brackets`},
		{"12m", "12s", `17:12: policy.rules[1].max: "12s": shorter`},
		{"      match: {network: [x]}\n", "", `10:7: policy.rules[1]: never reached`},
		{"name: two\n      match:", "match:", `11:7: policy.rules[1].name: no name`},
	} {
		_, err := Parse("d.yaml", []byte(strings.Replace(file, c.old, c.new, 1)))
		if err == nil || !strings.HasPrefix(err.Error(), "d.yaml:"+c.want) {
			t.Errorf("got  %v\nwant d.yaml:%s", err, c.want)
		}
	}
	if _, err := Parse("d.yaml", []byte(file)); err != nil {
		t.Error(err)
	}
}

func TestTheDatabaseNeedNotExistButItsDirectoryMust(t *testing.T) {
	dir := t.TempDir()
	c, err := Parse(dir+"/d.yaml", []byte("upstream: {url: https://exchange.internal}\nstate: {path: state.db}\n"))
	if err != nil || c.State.Path != dir+"/state.db" {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = Parse("d.yaml", []byte("upstream: {url: https://exchange.internal}\nstate: {path: "+dir+"/no/state.db}\n"))
	message(t, err, `d.yaml:2:15: state.path: "`+shortened(dir+"/no/state.db")+`": its directory: no such file or directory; make the directory, and let diastole write to it`)
}
