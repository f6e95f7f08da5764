package config

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// TLS is what phones see. No certificate at all means a self-signed one.
type TLS struct {
	KeyFiles            // the first certificate, and the second where there are both kinds
	Certs    []KeyFiles // further ones
	ACME     ACME
	Clients  Clients
	ALPN     []string // "http/1.1", "h2", in order of preference
}

// KeyFiles name a certificate and its key.
type KeyFiles struct {
	Cert, Key            string // PEM files, both or none
	PFX, PFXPasswordFile string // the second may be missing: no password
}

// ACME has certificates issued, one for each domain.
type ACME struct {
	Domains []string // in lower case; none: it is off
	Email   string
	CA      *url.URL // the authority's directory
	CARoot  string   // PEM file with who signed that authority's own server
	EAB     EAB
	HTTP    string // HOST:PORT for HTTP-01, "" = none
	Path    string // directory for what was issued; "": see Shelf
}

// EAB ties the account to one that the authority knows already (RFC 8555 7.3.4).
type EAB struct{ KeyID, KeyFile string }

// Clients asks phones for certificates.
type Clients struct {
	CA      string // PEM file with who signs them; "": none are asked for
	Mode    string // request, require
	Headers bool   // the server is told of them
}

// Files are all certificates from files, the one for unknown names first.
func (t TLS) Files() (all []KeyFiles) {
	if t.Cert != "" {
		all = append(all, KeyFiles{Cert: t.Cert, Key: t.Key})
	}
	if t.PFX != "" {
		all = append(all, KeyFiles{PFX: t.PFX, PFXPasswordFile: t.PFXPasswordFile})
	}
	return append(all, t.Certs...)
}

// Shelf is the directory for what was issued and for the keys of session tickets; ""
// where nothing is kept, or Redis keeps it.
func (c *Config) Shelf() string {
	switch {
	case c.TLS.ACME.Path != "":
		return c.TLS.ACME.Path
	case c.State.Redis != nil:
		return ""
	case c.State.Path != "":
		return filepath.Join(filepath.Dir(c.State.Path), "tls")
	default:
		return ""
	}
}

const (
	wantPFX   = "write the path of a PFX file (PKCS #12) with the certificate, its chain and its private key"
	wantCerts = "write a list of certificates, for example [{cert: other.pem, key: other-key.pem}, {pfx: third.pfx}]"
	wantPair  = "write cert and key, or pfx, for example {cert: other.pem, key: other-key.pem}"
	wantACME  = "write the address of the authority's directory, for example https://acme-v02.api.letsencrypt.org/directory"
)

var (
	pfxFile  = file(wantPFX, checkPFX)
	eabFile  = secretFile("write the path of a file that holds the key which belongs to eab.key_id", checkEAB)
	certList = itemList(itemOf(certTable, wantPair), wantCerts)
)

var certTable = table[KeyFiles]{keys: []key[KeyFiles]{
	field("cert", func(k *KeyFiles) *string { return &k.Cert }, unlessZero(certFile)),
	field("key", func(k *KeyFiles) *string { return &k.Key }, unlessZero(keyFile)),
	field("pfx", func(k *KeyFiles) *string { return &k.PFX }, unlessZero(pfxFile)),
	field("pfx_password_file", func(k *KeyFiles) *string { return &k.PFXPasswordFile }, unlessZero(passwordFile)),
}}

// checkPFX only looks at the beginning; the rest needs the password.
func checkPFX(content []byte) (problem, remedy string) {
	switch {
	case len(content) > 0 && content[0] == 0x30: // a sequence in DER, as every PFX is
		return "", ""
	case isPEM(content):
		return "a PEM file where a PFX file is needed", "write it as tls.cert and tls.key"
	default:
		return "not a PFX file", wantPFX
	}
}

func checkEAB(content []byte) (problem, remedy string) {
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(string(bytes.TrimSpace(content)), "="))
	if err != nil || len(key) == 0 {
		return "the key in it is not base64url", "write the key as the authority gave it (it may be called HMAC key), in one line"
	}
	return "", ""
}

// domainNames are names that an authority can find us under.
var domainNames = codec[[]string]{
	read: func(n node) ([]string, error) {
		const want = "write a list of names, for example [mail.example.com, autodiscover.example.com]"
		names, err := listOf(domain(want), want).read(n)
		if err != nil {
			return nil, err
		}
		for i, name := range names {
			if slices.Contains(names[:i], name) {
				return nil, n.items[i].fault("the same name twice", "write each once")
			}
		}
		return names, nil
	},
	show: listOf(codec[string]{show: quoted}, "").show,
}

func domain(want string) codec[string] {
	return codec[string]{read: func(n node) (string, error) {
		if err := n.expect(text, want); err != nil {
			return "", err
		}
		_, ip := netip.ParseAddr(n.text)
		switch {
		case strings.HasPrefix(n.text, "*."):
			return "", n.fault("a wildcard, which can be proved by DNS alone", "write each name, or have the certificate issued elsewhere and set tls.cert and tls.key")
		case ip == nil:
			return "", n.fault("an address, not a name", want)
		case !isHost(n.text) || strings.HasSuffix(n.text, "."):
			return "", n.fault("not a host name", want)
		}
		return strings.ToLower(n.text), nil
	}, show: quoted}
}

// acmeURL is https alone: over http anybody on the way could be the authority.
var acmeURL = codec[*url.URL]{
	read: func(n node) (*url.URL, error) {
		u, err := readURL(n, wantACME)
		if err == nil && u.Scheme != "https" {
			return nil, n.fault("not https", wantACME)
		}
		return u, err
	},
	show: showURL,
}

// email may be empty. It is a contact, so it must be one.
var email = codec[string]{
	read: func(n node) (string, error) {
		const want = "write an address at which you read mail, for example admin@example.com"
		if err := n.expect(text, want); err != nil {
			return "", err
		}
		local, host, _ := strings.Cut(n.text, "@")
		if n.text != "" && (local == "" || !isHost(host) || strings.ContainsAny(local, " \t<>,;")) {
			return "", n.fault("not an e-mail address", want)
		}
		return n.text, nil
	},
	show: quoted,
}

// challengeAddress is an address that may also be none at all.
var challengeAddress = codec[string]{
	read: func(n node) (string, error) {
		if n.kind == text && n.text == "off" {
			return "", nil
		}
		return readAddress(n, `write HOST:PORT, for example ":80", or off to prove names on the port for phones alone`)
	},
	show: adminAddress.show,
}

// shelf takes the path of a directory that is there or can be made in one that is.
var shelf = codec[string]{
	read: func(n node) (string, error) {
		const want = "write the path of a directory, for example /var/lib/diastole/tls"
		if err := n.expect(text, want); err != nil {
			return "", err
		}
		if n.text == "" {
			return "", n.fault("empty", want+", or remove the key")
		}
		path := n.src.path(n.text)
		if info, err := os.Stat(path); err == nil {
			if !info.IsDir() {
				return "", n.fault("not a directory", want)
			}
			return path, nil
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return "", n.fault("neither it nor the directory above it is there", "make the directory, and let diastole write to it")
		}
		return path, nil
	},
	show: quoted,
}

// eabKeyID is one word, as the authority gave it.
var eabKeyID = wordFor("write the key identifier that the authority gave you")

// isPEM says whether there is a block in it.
func isPEM(content []byte) bool {
	block, _ := pem.Decode(content)
	return block != nil
}
