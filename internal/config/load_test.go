package config

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func message(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestAFileThatCannotBeReadIsNamedWithTheWayOut(t *testing.T) {
	_, err := Load("testdata/nope.yaml")
	message(t, err, "testdata/nope.yaml: no such file or directory; write a configuration there, or start with --upstream URL instead of a file")
	_, err = Load("testdata")
	message(t, err, "testdata: not an ordinary file; write a configuration there, or start with --upstream URL instead of a file")

	huge := filepath.Join(t.TempDir(), "huge.yaml")
	if err := os.WriteFile(huge, bytes.Repeat([]byte("#"), fileLimit+1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Load(huge)
	message(t, err, huge+": larger than 1024 KiB, so hardly the right file; write a configuration there, or start with --upstream URL instead of a file")
}

func TestEveryKeyOfALaterVersionIsRefusedAsSuch(t *testing.T) {
	for path := range later {
		section, name := "", path
		if s := sectionOf(path); s != "" {
			section, name = s+":\n  ", path[len(s)+1:]
		}
		_, err := Parse("d.yaml", []byte(section+name+": {any: thing}\n"))
		place := "1:1"
		if section != "" {
			place = "2:3"
		}
		message(t, err, "d.yaml:"+place+": "+path+": known, but not in this version: it would have no effect; remove it")
	}
}

func TestFlagsGoThroughTheSameChecksAsTheFile(t *testing.T) {
	c, err := FromFlags(
		Flag{"--upstream", "upstream.url", "http://127.0.0.1:20000"},
		Flag{"--listen", "listen", "127.0.0.1:8443"},
		Flag{"--cert", "tls.cert", "testdata/files/cert.pem"},
		Flag{"--key", "tls.key", "testdata/files/key.pem"},
	)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8443" || c.Upstream.URL.String() != "http://127.0.0.1:20000" || c.TLS.Key != absolute(t, "testdata/files/key.pem") {
		t.Errorf("got %+v", c)
	}
}

func TestAMistakeInAFlagNamesTheFlag(t *testing.T) {
	upstream := Flag{"--upstream", "upstream.url", "https://exchange.internal"}
	for _, c := range []struct {
		flags []Flag
		want  string
	}{
		{[]Flag{{"--upstream", "upstream.url", "exchange.internal"}},
			`--upstream: upstream.url: "exchange.internal": no http:// or https:// in front; write the server's address, for example https://exchange.internal`},
		{[]Flag{upstream, {"--listen", "listen", "8443"}},
			`--listen: listen: "8443": not HOST:PORT; write HOST:PORT, for example ":443" or "[::1]:8443"`},
		{[]Flag{upstream, {"--cert", "tls.cert", "nope.pem"}},
			`--cert: tls.cert: "nope.pem": no such file or directory, looked for in the working directory; write the path of a PEM file with the certificate and its chain`},
		{[]Flag{upstream, {"--cert", "tls.cert", "testdata/files/cert.pem"}},
			`--cert: tls.cert: "testdata/files/cert.pem": a certificate without its private key; set tls.key too, or remove tls.cert`},
		{[]Flag{upstream, {"--listen", "listen", ":9180"}},
			`--listen: listen: ":9180": listen and admin.listen are the same port; choose two: metrics and profiles must not be where phones are`},
		{nil, `command line: upstream.url: missing; write the server's address, for example https://exchange.internal`},
		{[]Flag{{"--frob", "frob", ""}}, `flag --frob stands for "frob", which is no key`},
	} {
		_, err := FromFlags(c.flags...)
		message(t, err, c.want)
	}
}

// Passwords stand in front of an @, keys behind a ?; both in any spelling.
func TestNoMessageShowsWhatIsSecretInAURL(t *testing.T) {
	for raw, want := range map[string]string{
		"https://user:pass@host/x":      "https://***@host/x",
		"https://user:p@ss@host":        "https://***@host",
		"https://u:p#a?b@host/?key=abc": "https://***@host/?***",
		"user:pass@host":                "***@host",
		"https://host/#token":           "https://host/#***",
		"https://host/?a=b@c":           "https://***@c",
		"exchange.internal":             "exchange.internal",
	} {
		if got := withoutSecrets(raw); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}
