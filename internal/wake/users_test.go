package wake

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNamesOfUsersInEachForm(t *testing.T) {
	for _, c := range []struct{ form, user, want string }{
		{"", "u", "u"},
		{AsIs, "u@d", "u@d"},
		{AsIs, `DOMAIN\u`, "u"},
		{AsIs, `DOMAIN\u@d`, "u@d"},
		{AsIs, "Ünsal", "Ünsal"},
		{Local, "u@d", "u"},
		{Local, `DOMAIN\u@d`, "u"},
		{Local, "u", "u"},
		{Local, `"a@b"@d`, `"a@b"`},
		{Local, "@d", "@d"}, // nobody's name, so nobody else's
		{Full, "u", "u@example.com"},
		{Full, `DOMAIN\u`, "u@example.com"},
		{Full, "u@d", "u@d"},
		{Full, "", ""},
	} {
		users := Users{Form: c.form, Domain: "example.com"}
		if got := users.Name(c.user); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.form, c.user, got, c.want)
		}
	}
}

func TestAFullNameNeedsADomain(t *testing.T) {
	if got := (Users{Form: Full}).Name("u"); got != "u" {
		t.Errorf("%q", got)
	}
}

func TestTheMailStoresNamesStayWhatTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		users := Users{Form: rapid.SampledFrom([]string{AsIs, Local, Full}).Draw(t, "form"), Domain: "example.com"}
		once := users.Name(rapid.StringMatching(`([a-z]{0,3}\\){0,2}[a-z]{0,4}(@[a-z]{0,3})?`).Draw(t, "user"))
		if twice := users.Name(once); twice != once {
			t.Fatalf("%q becomes %q", once, twice)
		}
	})
}
