package store

import "testing"

func TestASecretStaysTheSameForAsLongAsTheFileDoes(t *testing.T) {
	path := one(t)
	s := open(t, Config{Path: path})
	a, b := s.Secret("a"), s.Secret("b")
	if a == b || a == [32]byte{} || s.Secret("a") != a {
		t.Errorf("%x and %x, then %x", a, b, s.Secret("a"))
	}
	s.close()
	if s = open(t, Config{Path: path}); s.Secret("a") != a || s.Secret("b") != b {
		t.Error("others after a restart")
	}
	memory := open(t, Config{}).Secret("a")
	if open(t, Config{Path: one(t)}).Secret("a") == a || open(t, Config{}).Secret("a") == memory {
		t.Error("two stores have the same")
	}
}
