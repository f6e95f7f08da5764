package eas

import (
	"strings"
	"testing"
)

func TestIsActiveSyncFindsTheEndpointInAnyCaseAndPlace(t *testing.T) {
	yes := []string{
		"/Microsoft-Server-ActiveSync",
		"/microsoft-server-activesync",
		"/MICROSOFT-SERVER-ACTIVESYNC/",
		"/Microsoft-Server-ActiveSync/default.eas",
		"/Microsoft-Server-ActiveSync/Proxy/default.eas",
		"/proxy-servlet/Microsoft-Server-ActiveSync",
		"/SOGo/Microsoft-Server-ActiveSync",
		"//Microsoft-Server-ActiveSync",
	}
	no := []string{"", "/", "/owa", "/Microsoft-Server-ActiveSyncX", "/XMicrosoft-Server-ActiveSync",
		"/Microsoft-Server/ActiveSync", "/Microsoft-Server-ActiveSync.html", "*"}
	for _, path := range yes {
		if !IsActiveSync(path) {
			t.Errorf("%q is ActiveSync", path)
		}
	}
	for _, path := range no {
		if IsActiveSync(path) {
			t.Errorf("%q is not ActiveSync", path)
		}
	}
}

func TestCommandsHaveTheirCodeAndName(t *testing.T) {
	known := 0
	for code := range 256 {
		c := Command(code)
		back, ok := ParseCommand(c.String())
		if c.String() == "Unknown" {
			continue
		}
		known++
		if !ok || back != c {
			t.Errorf("code %d is %s, and %s is code %d", code, c, c, back)
		}
		if lower, ok := ParseCommand(strings.ToLower(c.String())); !ok || lower != c {
			t.Errorf("%s is not found in lower case", c)
		}
	}
	if known != 20 {
		t.Errorf("%d commands, MS-ASHTTP 2.2.1.1.1.1.2 has 20", known)
	}
	for _, name := range []string{"", "Pin", "Pings", "OPTIONS", "GetHierarchy", "Unknown"} {
		if c, ok := ParseCommand(name); ok || c != CommandUnknown {
			t.Errorf("%q is taken for %s", name, c)
		}
	}
}

func TestPlainQueryReadsWhatDevicesSend(t *testing.T) {
	f := func(query string, want Envelope) {
		t.Helper()
		got, err := ParseQuery(query)
		if err != nil || got != want {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", query, got, err, want)
		}
	}
	// Android: Cmd first, everything escaped.
	f("Cmd=Ping&User=exchange.lyn.lng%5Cexta&DeviceId=androidc1305612725&DeviceType=Android", Envelope{
		Command: CommandPing, CommandName: "Ping", User: `exchange.lyn.lng\exta`, DeviceID: "androidc1305612725", DeviceType: "Android"})
	// iOS: Cmd last, '@' raw.
	f("User=bob@customer.com&DeviceId=e1568c571e684e0fb1724da85d215dc0&DeviceType=iPhone&Cmd=FolderSync", Envelope{
		Command: CommandFolderSync, CommandName: "FolderSync", User: "bob@customer.com",
		DeviceID: "e1568c571e684e0fb1724da85d215dc0", DeviceType: "iPhone"})
	// Names and values in any case, a bare '&', a name without value.
	f("&cmd=pInG&&USER=u&deviceid=D&devicetype=T&x&", Envelope{
		Command: CommandPing, CommandName: "pInG", User: "u", DeviceID: "D", DeviceType: "T"})
	// An old hierarchy command is named but not known.
	f("Cmd=GetHierarchy&User=u", Envelope{Command: CommandUnknown, CommandName: "GetHierarchy", User: "u"})
	// All that depends on the command.
	f("Cmd=SmartReply&SaveInSent=T&CollectionId=5&ItemId=5%3a2&LongId=RgA&Occurrence=2012-01-01T00:00:00.000Z", Envelope{
		Command: CommandSmartReply, CommandName: "SmartReply", SaveInSent: true, CollectionID: "5", ItemID: "5:2",
		LongID: "RgA", Occurrence: "2012-01-01T00:00:00.000Z"})
	f("Cmd=GetAttachment&AttachmentName=5%3a2%3a0&SaveInSent=F", Envelope{
		Command: CommandGetAttachment, CommandName: "GetAttachment", AttachmentName: "5:2:0"})
	// Of two the first counts.
	f("Cmd=Ping&Cmd=Sync&DeviceId=a&DeviceId=b", Envelope{Command: CommandPing, CommandName: "Ping", DeviceID: "a"})
}

// Scenario 28: what a strict parser drops is read here.
func TestPlainQueryKeepsWhatIsNotEscapedRight(t *testing.T) {
	f := func(query, user string) {
		t.Helper()
		e, err := ParseQuery("Cmd=Ping&" + query + "&DeviceId=d")
		if err != nil || e.User != user || e.Command != CommandPing || e.DeviceID != "d" {
			t.Errorf("%s: got %+v, %v; want the user %q", query, e, err, user)
		}
	}
	f(`User=DOM\u`, `DOM\u`)
	f("User=100%", "100%")
	f("User=100%2", "100%2")
	f("User=%zz%41", "%zzA")
	f("User=%%41", "%A")
	f("User=a;b", "a;b")
	f("User=a+b@example.com", "a+b@example.com")
	f("User=a%2Bb", "a+b")
	f("User=j%C3%BCrgen", "jürgen")
	f("User=jürgen", "jürgen")
	f("User=a=b", "a=b")
	f("Us%65r=x", "x")
}

func TestQueryWithoutACommandIsAnError(t *testing.T) {
	for _, query := range []string{"", "User=u&DeviceId=d", "Cmd=", "&&&", "=", "%", "hello", "Ping"} {
		if e, err := ParseQuery(query); err == nil || e.Command != CommandUnknown {
			t.Errorf("%q: %+v, %v", query, e, err)
		}
	}
	if e, err := ParseQuery("User=u"); err == nil || e.User != "u" {
		t.Errorf("what could be read is lost: %+v, %v", e, err)
	}
	if _, err := ParseQuery("Cmd=Ping&User=" + strings.Repeat("u", maxQuery)); err == nil {
		t.Error("a query of any length is read")
	}
}

func TestHeadersFillWhatTheQueryDidNotSay(t *testing.T) {
	header := map[string]string{"MS-ASProtocolVersion": " 14.1", "X-MS-PolicyKey": "2034202722", "MS-ASAcceptMultiPart": "T"}
	get := func(name string) string { return header[name] }

	e, _ := ParseQuery("Cmd=ItemOperations&DeviceId=d")
	e.FillFromHeader(get)
	if e.Version != "14.1" || e.PolicyKey != "2034202722" || !e.AcceptMultipart {
		t.Errorf("plain: %+v", e)
	}

	e, _ = ParseQuery("jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l")
	e.FillFromHeader(get)
	if e.Version != "14.0" || e.PolicyKey != "2034202722" || e.AcceptMultipart {
		t.Errorf("base64: its own fields come first: %+v", e)
	}

	for _, odd := range []string{"", "14", "14.", ".1", "141.1", "1.22", "x.y", "14.1\n14.1", strings.Repeat("1", 9999) + ".1"} {
		e, header["MS-ASProtocolVersion"] = Envelope{}, odd
		if e.FillFromHeader(get); e.Version != "" {
			t.Errorf("%.20q is taken for a version", odd)
		}
	}
}

func BenchmarkParseQueryPlain(b *testing.B) {
	benchmarkQuery(b, "Cmd=Ping&User=user@example.com&DeviceId=androidc1305612725&DeviceType=Android")
}

func BenchmarkParseQueryPlainEscaped(b *testing.B) {
	benchmarkQuery(b, "Cmd=Ping&User=example.com%5Cuser&DeviceId=androidc1305612725&DeviceType=Android")
}

func BenchmarkParseQueryBase64(b *testing.B) {
	benchmarkQuery(b, "jRIJBAp2MTQwRGV2aWNlBGJ4P3kKU21hcnRQaG9uZQ==")
}

func benchmarkQuery(b *testing.B, query string) {
	b.ReportAllocs()
	for b.Loop() {
		if e, err := ParseQuery(query); err != nil || e.DeviceKey() == "" {
			b.Fatal(err)
		}
	}
}
