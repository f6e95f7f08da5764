package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAPhoneReachesTheServerThroughTLSWithTheConfiguredCertificate(t *testing.T) {
	files, err := filepath.Abs("../../internal/config/testdata/files")
	if err != nil {
		t.Fatal(err)
	}
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, "tls: {cert: "+files+"/cert.pem, key: "+files+"/key.pem}\n"))
	cert, err := os.ReadFile(files + "/cert.pem")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "mail.example.com"}, DisableKeepAlives: true}
	r, err := http.NewRequestWithContext(t.Context(), "OPTIONS", "https://"+p.address("edge")+"/Microsoft-Server-ActiveSync", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := do(&http.Client{Transport: transport}, r)
	if answer.code != 200 || answer.header.Get("MS-ASProtocolVersions") != "2.5,12.0,12.1,14.0,14.1" {
		t.Errorf("got %v %v", answer, answer.header)
	}
	starting := p.await(1, "", "starting")
	if starting.text("version") != "v9.8.7-test" || !strings.HasSuffix(starting.text("config"), "/diastole.yaml") || starting.text("upstream") != server.URL {
		t.Errorf("got %v", starting)
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
}

func TestFlagsAreEnoughForAFirstTry(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--upstream", server.URL, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	if a := get(t, "https://"+p.address("edge")+"/owa/"); a.code != 404 || a.body != "404 page not found\n" {
		t.Errorf("the server's own 404: %v", a)
	}
	if a := get(t, "http://"+p.address("admin")+"/livez"); a.code != 200 || a.body != "alive\n" {
		t.Errorf("livez: %v", a)
	}
	p.signal(unix.SIGINT)
	p.exit(0)
}

func TestAdminShowsHealthAndMetrics(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	p := start(t, "--config", configFile(t, server.URL, ""))
	pingLater(t, p.address("edge"), "jo")
	<-server.pings
	admin := "http://" + p.address("admin")
	for path, want := range map[string]string{"/livez": "alive\n", "/readyz": "ready\n"} {
		if a := get(t, admin+path); a.code != 200 || a.body != want {
			t.Errorf("%s: %v", path, a)
		}
	}
	metrics := get(t, admin+"/metrics").body
	for _, want := range []string{
		`diastole_build_info{commit="`, `version="v9.8.7-test"} 1`, "\ndiastole_waits_held{kind=\"ping\"} 1\n",
		"\ndiastole_edge_connections_accepted_total 1\n", "\ngo_goroutines ", "\nprocess_open_fds ",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("%q is missing in /metrics:\n%s", want, metrics)
		}
	}
	if a := get(t, admin+"/debug/pprof/"); a.code != 404 {
		t.Errorf("profiles without admin.pprof: %v", a)
	}
}

func TestTheAdminListenerAsksForTheTokenOfTheFile(t *testing.T) {
	token, err := filepath.Abs("../../internal/config/testdata/files/token")
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "--config", configFile(t, "http://127.0.0.1:1", "admin: {listen: 127.0.0.1:0, pprof: true, token_file: "+token+"}\n"))
	url := "http://" + p.address("admin") + "/debug/pprof/cmdline"
	if a := get(t, url); a.code != 401 {
		t.Errorf("without the token: %v", a)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer 0123456789abcdef0123456789abcdef")
	if a := do(phone(t), r); a.code != 200 || !strings.Contains(a.body, "diastole") {
		t.Errorf("with the token: %v", a)
	}
}

func TestAnUpstreamThatCannotBeReachedIsAWarningAndNoEnd(t *testing.T) {
	p := start(t, "--config", configFile(t, "http://127.0.0.1:1", ""))
	warning := p.await(1, "", "the upstream cannot be reached: phones will get 503 until it can")
	if warning.text("level") != "warn" || !strings.HasSuffix(warning.text("error"), "connect: connection refused") {
		t.Errorf("got %v", warning)
	}
	if a := get(t, "http://"+p.address("admin")+"/readyz"); a.code != 200 {
		t.Errorf("readyz: %v", a)
	}
	p.signal(unix.SIGTERM)
	p.exit(0)
}

func TestReadinessFollowsTheUpstreamIfToldSo(t *testing.T) {
	p := start(t, "--config", configFile(t, "http://127.0.0.1:1", "admin: {listen: 127.0.0.1:0, ready_needs_upstream: true}\n"))
	a := get(t, "http://"+p.address("admin")+"/readyz")
	if a.code != 503 || !regexp.MustCompile(`^not ready: the upstream cannot be reached: .*connection refused\n$`).MatchString(a.body) {
		t.Errorf("readyz: %v", a)
	}
	if a := get(t, "http://"+p.address("admin")+"/livez"); a.code != 200 {
		t.Errorf("livez: %v", a)
	}
}

func TestTheUpstreamsOwnAuthorityIsBelievedWhereItIsNamed(t *testing.T) {
	server := newMailServer(t, httptest.NewTLSServer)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	if err := os.WriteFile(ca, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, "--config", configFile(t, server.URL, "  ca: "+ca+"\n")).await(1, "", "the upstream can be reached")
	refused := start(t, "--config", configFile(t, server.URL, "")).await(1, "", "the upstream cannot be reached: phones will get 503 until it can")
	if !strings.Contains(refused.text("error"), "certificate signed by unknown authority") {
		t.Errorf("without the authority: %v", refused)
	}
}

func TestUsersAndDevicesAreLoggedHashedUnlessToldOtherwise(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	hashed := start(t, "--config", configFile(t, server.URL, ""))
	for range 2 { // of one device: the server gets only one of them
		pingLater(t, hashed.address("edge"), "jo")
	}
	first, second := hashed.await(1, "proxy", "wait begins").text("user"), hashed.await(2, "proxy", "wait begins").text("user")
	if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(first) || first != second {
		t.Errorf("users %q and %q, want the same twelve digits", first, second)
	}
	if device := hashed.await(1, "proxy", "wait begins").text("device"); !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(device) || device == first {
		t.Errorf("device %q", device)
	}
}

func TestUsersAreLoggedInPlainWhereThatIsWanted(t *testing.T) {
	server := newMailServer(t, httptest.NewServer)
	plain := start(t, "--config", configFile(t, server.URL, "log: {users: plain}\n"))
	pingLater(t, plain.address("edge"), "jo")
	if wait := plain.await(1, "proxy", "wait begins"); wait.text("user") != "jo" || wait.text("device") != "handset1" {
		t.Errorf("plain: %v", wait)
	}
}

func TestAPortInUseEndsTheStartWithTheReason(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	p := start(t, "--upstream", "http://127.0.0.1:1", "--listen", address, "--admin", "off")
	want := "edge: listen tcp " + address + ": bind: address already in use (another program has this port: see ss -ltnp)"
	if got := p.await(1, "", "stopped").text("error"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p.exit(1)

	p = start(t, "--upstream", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--admin", address)
	want = "admin listener: listen tcp " + address + ": bind: address already in use"
	if got := p.await(1, "", "stopped").text("error"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p.exit(1)
}

func TestTheLimitOfOpenFilesIsRaisedToWhatIsAllowed(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max < 256 {
		t.Skipf("the hard limit is only %d", limit.Max)
	}
	file := configFile(t, "http://127.0.0.1:1", "")
	p := startCommand(t, exec.Command("sh", "-c", `ulimit -Sn 200 && exec "$0" serve --config "$1"`, program, file))
	if files, _ := p.await(1, "", "limit of open files")["files"].(float64); files != float64(limit.Max) {
		t.Errorf("%v files, want %d", files, limit.Max)
	}
}
