package doctor

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/diastole/diastole/internal/lab"
)

// spoken are the protocol versions that the devices speak, best first.
var spoken = []string{"14.1", "14.0", "12.1", "12.0", "2.5"}

// identify asks for OPTIONS, without and with the password: the one shows the realm,
// the other the versions and what the server calls itself.
func (v *visit) identify(ctx context.Context) error {
	v.tell("asking what the server is and speaks (OPTIONS)")
	realm, err := v.realm(ctx)
	if err != nil {
		return err
	}
	header, err := v.first.OptionsHeader(ctx)
	if err != nil {
		return err
	}
	versions := strings.Split(header.Get("MS-ASProtocolVersions"), ",")
	if i := slices.IndexFunc(spoken, func(s string) bool { return slices.Contains(versions, s) }); i >= 0 {
		v.first.Close()
		v.second.Close()
		v.devices(spoken[i])
	}
	v.report.Server = name(header, realm)
	v.report.Server.Versions = versions
	return nil
}

var realmWord = regexp.MustCompile(`(?i)realm="([^"]*)"`)

// realm is what the server calls itself to somebody without a password; "" if it
// does not.
func (v *visit) realm(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, prompt)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodOptions, endpoint(v.URL), nil)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{DialContext: v.Dial, TLSClientConfig: v.TLS, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	for _, challenge := range answer.Header.Values("WWW-Authenticate") {
		if found := realmWord.FindStringSubmatch(challenge); found != nil {
			return found[1], nil
		}
	}
	return "", nil
}

// marks are what servers are known by, the surest first: a header of their own, or
// the realm. grommunio's comes before Z-Push's, which it descends from.
var marks = []struct{ profile, header, realm string }{
	{"grommunio", "X-Grommunio-Sync-Version", ""},
	{"zpush", "X-Z-Push-Version", ""},
	{"sogo", "", "SOGo"},
	{"horde", "", "Horde"},
	{"zimbra", "", "Zimbra"},
	{"grommunio", "", "GrommunioSync"},
	{"zpush", "", "ZPush"},
	{"exchange", "X-FEServer", ""},
	{"exchange", "X-BEServer", ""},
	{"exchange", "X-CalculatedBETarget", ""},
	{"exchange", "X-DiagInfo", ""},
	{"exchange", "X-OWA-Version", ""},
}

// name finds out which server has answered, and by what that is seen.
func name(h http.Header, realm string) Server {
	s := Server{Realm: realm, Software: h.Get("Server"), ActiveSync: h.Get("MS-Server-ActiveSync")}
	for _, mark := range marks {
		if value := h.Get(mark.header); mark.header != "" && value != "" {
			s.Profile, s.Seen = mark.profile, mark.header+": "+value
			return s
		}
		if mark.realm != "" && strings.HasPrefix(strings.ToLower(realm), strings.ToLower(mark.realm)) {
			s.Profile, s.Seen = mark.profile, "realm "+realm
			return s
		}
	}
	if strings.HasPrefix(s.Software, "Microsoft-IIS") && s.ActiveSync != "" {
		s.Profile, s.Seen = "exchange", "Server: "+s.Software
	}
	return s
}

// byFolders knows SOGo by its folders' names, where something in front hides the rest.
func (s *Server) byFolders(folders []lab.Folder) {
	for _, f := range folders {
		for _, kind := range []string{"mail", "vevent", "vcard", "vtodo"} {
			if strings.HasPrefix(f.ID, kind+"/") || strings.HasPrefix(f.ID, kind+"%2F") {
				s.Profile, s.Seen = "sogo", "folders like "+f.ID
				return
			}
		}
	}
}
