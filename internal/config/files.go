package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fileLimit bounds every file that is read here. All of them are small; a key
// that names a device or a database would otherwise eat the memory.
const fileLimit = 1 << 20

// file takes the path of a file that exists, can be read and has the right
// content. A relative path starts at the configuration file, so that the same
// file works from every working directory.
func file(want string, check func(content []byte) (problem, remedy string)) codec[string] {
	return codec[string]{
		read: func(n node) (string, error) {
			if err := n.expect(text, want); err != nil {
				return "", err
			}
			if n.text == "" {
				return "", n.fault("empty", want+", or remove the key")
			}
			path := n.src.path(n.text)
			content, err := readFile(path)
			switch {
			case err != nil && path == n.text:
				return "", n.fault(reason(err), want)
			case err != nil:
				return "", n.fault(reason(err)+", looked for "+n.src.there, want)
			}
			if problem, remedy := check(content); problem != "" {
				return "", n.fault(problem, remedy)
			}
			return path, nil
		},
		show: quoted,
	}
}

// path makes a path that stands in this source absolute.
func (s *source) path(text string) string {
	if filepath.IsAbs(text) {
		return text
	}
	return filepath.Join(s.dir, text)
}

var errNotAFile = errors.New("not an ordinary file")

func readFile(path string) ([]byte, error) {
	// Before it is opened: to open a named pipe waits for its other end, for ever.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errNotAFile
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, fileLimit+1))
	if err == nil && len(content) > fileLimit {
		err = fmt.Errorf("larger than %d KiB, so hardly the right file", fileLimit>>10)
	}
	return content, err
}

// reason is what the system said without the path, which the message has already.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

var (
	certFile = file("write the path of a PEM file with the certificate and its chain", checkCert)
	keyFile  = file("write the path of a PEM file with the certificate's private key", checkKey)
	caFile   = file("write the path of a PEM file with the certificates to trust", checkCert)
)

// checkCert wants certificates that can be read, and says what else it found.
func checkCert(content []byte) (problem, remedy string) {
	const want = "write the path of a PEM file that has a -----BEGIN CERTIFICATE----- block"
	found, key := false, false
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		key = key || strings.HasSuffix(block.Type, "PRIVATE KEY")
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "a certificate in it cannot be read: " + err.Error(), want
		}
		found = true
	}
	switch {
	case found: // with its key in the same file, as HAProxy has it, is fine
		return "", ""
	case key:
		return "a private key where a certificate is needed", want
	default:
		return "no certificate in PEM form in it", want
	}
}

// checkKey wants a private key that needs no passphrase: there is nobody to type
// it when a machine starts.
func checkKey(content []byte) (problem, remedy string) {
	const want = "write the path of a PEM file that has a -----BEGIN PRIVATE KEY----- block"
	certificate := false
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY", bytes.Contains([]byte(block.Headers["Proc-Type"]), []byte("ENCRYPTED")):
			return "the private key is locked with a passphrase", "unlock it, for example: openssl pkey -in locked.pem -out key.pem"
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return "", ""
		case block.Type == "CERTIFICATE":
			certificate = true
		}
	}
	if certificate {
		return "a certificate where a private key is needed", want
	}
	return "no private key in PEM form in it", want
}
