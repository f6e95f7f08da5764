package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheTokenIsReadWithoutItsLineEnd(t *testing.T) {
	token, err := good(t, "full.yaml").AdminToken()
	if token != "0123456789abcdef0123456789abcdef" || err != nil {
		t.Errorf("token %q, %v", token, err)
	}
	if token, err := Default().AdminToken(); token != "" || err != nil {
		t.Errorf("no file: token %q, %v", token, err)
	}
}

// Between the check and the start somebody may have changed the file.
func TestATokenFileThatBecameUselessIsAnErrorThatNamesTheKey(t *testing.T) {
	c := Default()
	c.Admin.TokenFile = "testdata/files/gone"
	_, err := c.AdminToken()
	message(t, err, "admin.token_file: stat testdata/files/gone: no such file or directory")

	c.Admin.TokenFile = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(c.Admin.TokenFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.AdminToken()
	message(t, err, "admin.token_file: "+c.Admin.TokenFile+": the token in it has 0 characters, fewer than 16; write a new one, for example: openssl rand -hex 32 > FILE")
}

// A password may begin and end with blanks; a token has none.
func TestSecretsOfSourcesAreReadWithoutTheirLineEnd(t *testing.T) {
	full := good(t, "full.yaml")
	if token, err := full.DovecotToken(); token != "0123456789abcdef0123456789abcdef" || err != nil {
		t.Errorf("token %q, %v", token, err)
	}
	if password, err := full.MasterPassword(); password != "correct horse" || err != nil {
		t.Errorf("password %q, %v", password, err)
	}
	full.Wake.IMAP.Master.PasswordFile = filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(full.Wake.IMAP.Master.PasswordFile, []byte(" two words \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if password, err := full.MasterPassword(); password != " two words " || err != nil {
		t.Errorf("password %q, %v", password, err)
	}
	full.Wake.Dovecot.TokenFile = "testdata/files/gone"
	_, err := full.DovecotToken()
	message(t, err, "wake.dovecot.token_file: stat testdata/files/gone: no such file or directory")
}
