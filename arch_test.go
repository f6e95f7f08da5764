package diastole

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// arrows are all imports between our packages that may exist. What is not
// listed is refused, in tests too, except that a test may use internal/lab and internal/said.
// cmd may import everything and is imported by nothing; what lies under test/
// looks at the whole from outside and may import everything but cmd.
var allowed = map[string][]string{
	".":               {},
	"wbxml":           {},
	"wbxml/eas":       {"wbxml"},
	"heartbeat":       {},
	"policy":          {},
	"proxy/hold":      {},
	"proxy/upstream":  {},
	"proxy/shield":    {},
	"proxy/proof":     {"heartbeat"},
	"proxy/watch":     {"wbxml", "wbxml/eas"},
	"proxy/check":     {"wbxml", "wbxml/eas"},
	"proxy":           {"wbxml", "wbxml/eas", "policy", "heartbeat", "proxy/hold", "proxy/proof", "proxy/shield", "proxy/upstream", "proxy/watch", "proxy/check"},
	"internal/config": {"policy", "heartbeat"},
	"internal/edge":   {},
	"internal/wake":   {"heartbeat", "policy", "wbxml/eas"},

	"internal/wake/dovecot": {"internal/wake"},
	"internal/wake/imap":    {"internal/wake"},
	"internal/wake/jmap":    {"internal/wake"},
	"internal/wake/dav":     {"internal/wake"},
	"internal/doctor":       {"internal/lab", "wbxml", "wbxml/eas", "proxy/check"},

	"internal/store":       {"heartbeat", "policy", "wbxml/eas"},
	"internal/store/redis": {"heartbeat", "test/redis"}, // the latter is a server for its tests
	"internal/admin":       {"heartbeat", "policy", "wbxml/eas"},
	"internal/lab":         {"wbxml", "wbxml/eas"},
	"internal/said":        {},
}

func arrows(house []source) (faults []string) {
	for _, s := range house {
		targets, known := allowed[s.room()]
		if !known && !s.in("cmd", "test") {
			faults = append(faults, fmt.Sprintf("%s: no room is called %s: the rooms and their arrows stand in arch_test.go", s.path, s.room()))
			continue
		}
		for _, spec := range s.file.Imports {
			to, ours := room(spec.Path.Value)
			switch {
			case !ours:
			case strings.HasPrefix(to, "cmd"):
				faults = append(faults, fmt.Sprintf("%s: imports %s: nothing imports cmd, it only wires", s.at(spec.Pos()), to))
			case s.in("cmd", "test"), slices.Contains(targets, to):
			case s.test() && (to == "internal/lab" || to == "internal/said" || to == s.room()):
			default:
				faults = append(faults, fmt.Sprintf("%s: the arrow %s -> %s is not in arch_test.go", s.at(spec.Pos()), s.room(), to))
			}
		}
	}
	return faults
}

// room is the room that an import (a quoted path) names; ours is false for
// what is not of this module.
func room(quoted string) (to string, ours bool) {
	name, _ := strconv.Unquote(quoted)
	if name == module {
		return ".", true
	}
	to, ours = strings.CutPrefix(name, module+"/")
	return path.Clean(to), ours
}

// homes are the rooms (and all below them) that a library may be used in.
var homes = map[string]struct {
	rooms []string
	why   string
}{
	"github.com/caddyserver/certmagic":    {[]string{"internal/edge"}, "certificates are the listeners' business"},
	"github.com/letsencrypt/pebble":       {[]string{"test"}, "it signs whatever it is asked for"},
	"github.com/coreos/go-systemd":        {[]string{"internal/edge", "cmd"}, "sockets are the listeners' business, and how things stand only main knows"},
	"github.com/redis/go-redis/v9":        {[]string{"internal/store/redis"}, "what nodes share is one room's business"},
	"go.uber.org/zap":                     {[]string{"proxy", "internal", "cmd", "test/acme"}, "libraries return errors, the edge logs them"},
	"github.com/prometheus/client_golang": {[]string{"proxy", "internal", "cmd", "test/acme"}, "libraries return values, the edge counts them"},
	"github.com/hashicorp/golang-lru/v2":  {[]string{"proxy", "heartbeat", "internal/edge"}, "it bounds the device tables and that of addresses, which live there"},
	"github.com/Azure/go-ntlmssp":         {nil, "only tests speak NTLM, the proxy passes it on"},
	"pgregory.net/rapid":                  {nil, "only tests draw at random"},
	"go.uber.org/goleak":                  {nil, "only tests count goroutines"},
	"github.com/getkin/kin-openapi":       {nil, "only tests compare answers with their description"},
	"github.com/stretchr/testify":         {[]string{"-"}, "tests say what they compare, the standard library is enough"},
}

func libraries(house []source) (faults []string) {
	for _, s := range house {
		for _, spec := range s.file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			for library, home := range homes {
				testOnly := home.rooms == nil && s.test()
				if (name == library || strings.HasPrefix(name, library+"/")) && !testOnly && !s.in(home.rooms...) {
					faults = append(faults, fmt.Sprintf("%s: %s must not be used in %s: %s", s.at(spec.Pos()), library, s.room(), home.why))
				}
			}
		}
	}
	return faults
}

// pure rooms decide and parse: no I/O, no log. net/netip and net/url are words, not I/O.
var (
	pure  = []string{"wbxml", "heartbeat", "policy"}
	doing = []string{"os", "net", "net/http", "log", "log/slog"}
)

func pureRooms(house []source) (faults []string) {
	for _, s := range house {
		for _, spec := range s.file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if s.test() {
				continue
			}
			if s.in(pure...) && slices.Contains(doing, name) {
				faults = append(faults, fmt.Sprintf("%s: %s in a pure room: it returns values and errors, others act on them", s.at(spec.Pos()), name))
			}
			if s.in("proxy/hold") && name == "net/http" {
				faults = append(faults, s.at(spec.Pos())+": net/http in proxy/hold: it keeps waits and knows no HTTP")
			}
		}
	}
	return faults
}
