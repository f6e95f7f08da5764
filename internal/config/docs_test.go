package config

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func page(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// withFixtures names files that exist in the place of an administrator's.
func withFixtures(t *testing.T, text string) []byte {
	t.Helper()
	for name, fixture := range map[string]string{"cert.pem": "cert.pem", "key.pem": "key.pem", "upstream-ca.pem": "cert.pem", "admin-token": "token", "admin-ca.pem": "cert.pem",
		"dovecot-token": "token", "imap-ca.pem": "cert.pem", "imap-master-password": "password", "jmap-ca.pem": "cert.pem",
		"dav-ca.pem": "cert.pem", "exchange.pfx": "store.pfx", "pfx-password": "password", "ca-root.pem": "cert.pem", "eab-key": "eab-key",
		"clients-ca.pem": "cert.pem", "redis-password": "password", "redis-ca.pem": "cert.pem", "state-key": "state-key"} {
		text = strings.ReplaceAll(text, "/etc/diastole/"+name, absolute(t, filepath.Join("testdata/files", fixture)))
	}
	text = strings.ReplaceAll(text, "/var/lib/diastole/", t.TempDir()+"/")
	return []byte(text)
}

// documented are the keys with a heading of their own and the lines below it, up
// to the next heading.
func documented(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, part := range strings.Split(page(t, "docs/configuration.md"), "\n### `")[1:] {
		name, text, _ := strings.Cut(part, "`\n")
		text, _, _ = strings.Cut(text, "\n## ")
		found[name] = text
	}
	return found
}

func TestEveryKeyIsDocumentedWithItsTypeDefaultAndExample(t *testing.T) {
	found := documented(t)
	for _, k := range keys {
		text, ok := found[k.path]
		if !ok {
			t.Errorf("%s has no heading of its own", k.path)
			continue
		}
		delete(found, k.path)
		want := "- Default: `" + k.show(Default()) + "`\n"
		if k.show(Default()) == quoted("") {
			want = "- Default: none"
		}
		if !strings.Contains(text, "- Type: ") || !strings.Contains(text, want) {
			t.Errorf("%s: no type, or the default is not %q:\n%s", k.path, want, text)
		}
		if !strings.Contains(text, "```yaml\n") && k.path != "tls.key" {
			t.Errorf("%s: no example", k.path)
		}
	}
	for name := range found {
		t.Errorf("%s is documented and no key", name)
	}
}

// The keys of networks and rules stand in tables, without headings of their own.
func TestEveryKeyOfARuleIsDocumented(t *testing.T) {
	found := documented(t)
	for section, table := range map[string]vocabulary{"policy.networks": networkTable.words(), "policy.rules": ruleTable.words()} {
		for _, path := range table {
			name := path[strings.LastIndexByte(path, '.')+1:]
			if !strings.Contains(found[section], "`"+name+"`") || !strings.Contains(found[section], name+":") {
				t.Errorf("%s of %s is not explained, or has no example", path, section)
			}
		}
	}
}

func TestEveryExampleInTheDocumentationIsAccepted(t *testing.T) {
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page(t, "docs/configuration.md")+page(t, "docs/certificates.md"), -1)
	if len(examples) < len(keys)-1 {
		t.Fatalf("only %d examples", len(examples))
	}
	for _, example := range examples {
		text := example[1]
		if !strings.Contains("\n"+text, "\nupstream:") {
			text += "upstream: {url: https://exchange.internal}\n"
		}
		if _, err := Parse("docs/configuration.md", withFixtures(t, text)); err != nil {
			t.Errorf("%v in:\n%s", err, text)
		}
	}
}

const exampleFile = "deploy/diastole.example.yaml"

func TestTheExampleFileIsAcceptedAsItIs(t *testing.T) {
	c, err := Parse(exampleFile, []byte(page(t, exampleFile)))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Upstream.URL = c.Upstream.URL
	same(t, c, want)
}

func TestTheExampleFileIsAcceptedWithEveryKeySwitchedOnAndNamesTheDefaults(t *testing.T) {
	on := regexp.MustCompile(`(?m)^( *)#(\S|(?:  ){1,2}\S)`).ReplaceAllString(page(t, exampleFile), "$1$2")
	c, err := Parse(exampleFile, withFixtures(t, on))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, on)
	}
	if !reflect.DeepEqual(slices.Sorted(maps.Keys(c.Upstream.LocationHosts)), []string{"exch01.internal"}) || len(c.Forwarded.Trusted) != 2 || len(c.ProxyProtocol.Trusted) != 1 || len(c.Admin.Hosts) != 1 {
		t.Errorf("networks and hosts: %+v", c)
	}
	if len(c.Policy.Networks) != 2 || len(c.Policy.Rules) != 3 {
		t.Errorf("networks and rules of the policy: %+v", c.Policy)
	}
	c.Policy.Networks, c.Policy.Rules = nil, nil
	if len(c.TLS.Certs) != 1 || len(c.TLS.ACME.Domains) != 2 {
		t.Errorf("certificates: %+v", c.TLS)
	}
	c.TLS.Certs, c.TLS.ACME.Domains = nil, nil
	w := &c.Wake
	if len(w.Sources()) != 4 || w.JMAP.Push.URL == nil {
		t.Errorf("sources: %+v", w)
	}
	if c.State.Redis == nil {
		t.Errorf("state: %+v", c.State)
	}
	c.State.Redis = nil
	w.JMAP.URL, w.JMAP.Push.URL, w.DAV.URL = nil, nil, nil
	for _, file := range []*string{
		&c.TLS.Cert, &c.TLS.Key, &c.TLS.PFX, &c.TLS.PFXPasswordFile, &c.TLS.ACME.Email, &c.TLS.ACME.CARoot, &c.TLS.ACME.EAB.KeyID,
		&c.TLS.ACME.EAB.KeyFile, &c.TLS.ACME.Path, &c.TLS.Clients.CA, &c.Upstream.CA, &c.Admin.TokenFile, &c.Admin.TLS.Cert, &c.Admin.TLS.Key, &c.Admin.TLS.ClientCA, &c.State.Path, &w.Dovecot.Listen, &w.Dovecot.TokenFile,
		&w.IMAP.Address, &w.IMAP.CA, &w.IMAP.Master.User, &w.IMAP.Master.PasswordFile, &w.JMAP.CA, &w.JMAP.Push.Listen, &w.DAV.CA,
		&c.State.PasswordFile, &c.State.CA, &c.State.KeyFile,
	} {
		if *file == "" {
			t.Errorf("a file is not in the example: %+v", c)
		}
		*file = ""
	}
	want := Default()
	want.Upstream.URL, want.Upstream.LocationHosts = c.Upstream.URL, c.Upstream.LocationHosts
	want.Forwarded, want.ProxyProtocol, want.Admin.Hosts = c.Forwarded, c.ProxyProtocol, c.Admin.Hosts
	same(t, c, want)
	for _, k := range keys {
		name := k.path[strings.LastIndexByte(k.path, '.')+1:]
		if !regexp.MustCompile(`(?m)^ *` + name + `:`).MatchString(on) {
			t.Errorf("%s is not in the example", k.path)
		}
	}
}
