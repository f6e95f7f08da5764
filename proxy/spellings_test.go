package proxy

import (
	"encoding/base64"
	"net/http"
	"slices"
	"testing"
)

func TestAUserIsFoundUnderWhateverTheCredentialsSaid(t *testing.T) {
	basic := func(user string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":secret"))
	}
	for _, c := range []struct{ credentials, written string }{
		{basic("anna"), "Anna"},
		{basic(`CORP\Anna`), `corp\ANNA`},
		{basic(`CORP\Anna`), "anna@corp"},
		{basic("Anna@Example.com"), "anna@example.com"},
		{basic("jörg"), "jörg"},
		{basic("J\xf6rg"), "Jörg"},
		{basic("CORP\\J\xf6rg"), "CORP\\Jörg"},
		{basic("\xf6\xff"), "\xf6\xff"},
		{"Bearer x." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"Ab\\C"}`)) + ".y", `sub:Ab\C`},
	} {
		known := principal(&http.Request{Header: http.Header{"Authorization": {c.credentials}}})
		if !slices.Contains(Spellings(c.written), known) {
			t.Errorf("%q is known as %q, which is none of %q", c.written, known, Spellings(c.written))
		}
	}
}

func TestNobodyElseIsFound(t *testing.T) {
	for written, other := range map[string]string{
		"anna": "anna@corp", "anna@corp": "anna", "anna@corp.example": "anna@corp", "ann": "anna", "日本": "e,", "": "anna",
	} {
		if names := Spellings(written); slices.Contains(names, other) || len(names) > 3 {
			t.Errorf("%q is found as %q", written, names)
		}
	}
}
