package doctor

import (
	"net/http"
	"testing"

	"github.com/diastole/diastole/internal/lab"
)

func TestServersAreKnownByWhatTheySay(t *testing.T) {
	for what, c := range map[string]struct {
		header http.Header
		realm  string
		want   string
	}{
		"SOGo":                 {http.Header{"Server": {"nginx"}, "Ms-Server-Activesync": {"14.1"}}, "SOGo", "sogo"},
		"Z-Push":               {http.Header{"X-Z-Push-Version": {"2.7.1"}, "Ms-Server-Activesync": {"14.0"}}, "ZPush", "zpush"},
		"Z-Push, hidden":       {nil, "ZPush", "zpush"},
		"grommunio":            {http.Header{"X-Grommunio-Sync-Version": {"2.3"}}, "GrommunioSync", "grommunio"},
		"Horde":                {http.Header{"Server": {"Apache"}}, "Horde ActiveSync", "horde"},
		"Zimbra":               {nil, "Zimbra", "zimbra"},
		"Exchange":             {http.Header{"X-Feserver": {"EX01"}, "Server": {"Microsoft-IIS/10.0"}}, "mail.example.com", "exchange"},
		"Exchange, bare":       {http.Header{"Server": {"Microsoft-IIS/8.5"}, "Ms-Server-Activesync": {"15.0"}}, "", "exchange"},
		"SOGo behind IIS":      {http.Header{"Server": {"Microsoft-IIS/10.0"}, "Ms-Server-Activesync": {"14.1"}}, "SOGo", "sogo"},
		"a web server":         {http.Header{"Server": {"Microsoft-IIS/10.0"}}, "", ""},
		"nobody in particular": {http.Header{"Server": {"nginx"}, "Ms-Server-Activesync": {"14.1"}}, "mail", ""},
	} {
		if got := name(c.header, c.realm).Profile; got != c.want {
			t.Errorf("%s: taken for %q, want %q", what, got, c.want)
		}
	}
}

// A proxy in front may take away whatever names the server; its folders stay.
func TestSOGoIsKnownByItsFolders(t *testing.T) {
	for id, want := range map[string]string{"mail/abc": "sogo", "vevent%2Fpersonal": "sogo", "mailbox": "", "5": ""} {
		var s Server
		s.byFolders([]lab.Folder{{ID: "1"}, {ID: id}})
		if s.Profile != want {
			t.Errorf("%s: %q, want %q", id, s.Profile, want)
		}
	}
}

// A server that wants a policy acknowledged gets that, from 14.0 on in the body and before by 449.
func TestADeviceOfTheDoctorsIsProvisioned(t *testing.T) {
	inWorld(t, lab.ServerConfig{Policy: true}, nil, func(w *world) {
		if a := w.look(Config{Address: w.server.Address("anna")}).Advice; !a.Fits || a.Estimates != Proven {
			t.Errorf("advice %+v", a)
		}
	})
	inWorld(t, lab.ServerConfig{Policy: true}, with("MS-ASProtocolVersions", "2.5,12.0,12.1"), func(w *world) {
		r := w.look(Config{Address: w.server.Address("anna")})
		if !r.Advice.Fits || r.Advice.Estimates != Proven || len(r.Server.Versions) != 3 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestTheAddressOfAServerMayHaveAPath(t *testing.T) {
	for base, want := range map[string]string{
		"https://mail":                               "https://mail/Microsoft-Server-ActiveSync",
		"http://sogo:20000/SOGo/":                    "http://sogo:20000/SOGo/Microsoft-Server-ActiveSync",
		"https://mail/Microsoft-Server-ActiveSync":   "https://mail/Microsoft-Server-ActiveSync",
		"https://mail/x/microsoft-server-activesync": "https://mail/x/microsoft-server-activesync",
	} {
		if got := endpoint(base); got != want {
			t.Errorf("%s: %s", base, got)
		}
	}
}
