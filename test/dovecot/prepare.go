package dovecot

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// prepare writes what the settings point to.
func (s *Server) prepare(c Config) error {
	mail, err := user.Lookup("mail")
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(mail.Uid)
	gid, _ := strconv.Atoi(mail.Gid)
	err = errors.Join(
		os.Chmod(s.dir, 0o755),
		os.Mkdir(s.path("mail"), 0o755), os.Chown(s.path("mail"), uid, gid),
		os.WriteFile(s.path("dovecot.log"), nil, 0o666), os.Chmod(s.path("dovecot.log"), 0o666),
		os.WriteFile(s.path("masters"), []byte(Master+":{PLAIN}"+MasterPassword+"\n"), 0o644),
		os.WriteFile(s.path("diastole-token.conf"), []byte("plugin {\n  diastole_token = "+c.Token+"\n}\n"), 0o600),
		s.writeUsers(nil),
	)
	if err == nil && c.Hook != "" {
		err = s.copyScript()
	}
	if err == nil && c.TLS {
		err = s.certificate()
	}
	return err
}

// writeUsers writes everybody's password: what passwords says, or Password.
func (s *Server) writeUsers(passwords map[string]string) error {
	var b strings.Builder
	for n := 1; n <= s.users; n++ {
		name, password := User(n), Password
		if other, ok := passwords[name]; ok {
			password = other
		}
		fmt.Fprintf(&b, "%s:{PLAIN}%s\n", name, password)
	}
	return os.WriteFile(s.path("users"), []byte(b.String()), 0o644)
}

// User is the name of the nth user, from 1.
func User(n int) string { return "user" + strconv.Itoa(n) }

// SetPassword changes one user's password and returns when the new one is in force;
// all others have the usual one again.
func (s *Server) SetPassword(name, password string) error {
	if err := s.writeUsers(map[string]string{name: password}); err != nil {
		return err
	}
	// Dovecot sees that the file is another one by its time, in seconds, and size.
	later := time.Now().Add(time.Duration(1+len(password)) * time.Second)
	err := os.Chtimes(s.path("users"), later, later)
	// It looks once a second.
	for range 100 {
		if err != nil {
			return err
		}
		if _, err := s.Doveadm("auth", "test", name, password); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the new password is not in force after 5 s")
}

// copyScript puts the shipped script where Dovecot's users can read it.
func (s *Server) copyScript() error {
	root, err := repository()
	if err != nil {
		return err
	}
	script, err := os.ReadFile(filepath.Join(root, "deploy", "dovecot", "diastole.lua"))
	if err != nil {
		return err
	}
	return os.WriteFile(s.path("diastole.lua"), script, 0o644)
}

// repository is the directory above this one that has a go.mod.
func repository() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("no go.mod here or above: run the tests in the repository")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// certificate makes one that is its own authority.
func (s *Server) certificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dovecot of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.Roots = x509.NewCertPool()
	s.Roots.AppendCertsFromPEM(public)
	return errors.Join(
		os.WriteFile(s.path("cert.pem"), public, 0o644),
		os.WriteFile(s.path("key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
	)
}
