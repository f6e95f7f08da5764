package doctor

import "time"

// suspect is a box that ends waits after a time when nobody has told it otherwise.
type suspect struct {
	seconds int
	ends    []End
	who     string
	way     string
}

var (
	silently = []End{endSilent, endReset}
	byAnswer = []End{endHTTP}
	byClose  = []End{endClosed, endReset}
	anyhow   = []End{endHTTP, endClosed, endReset}
)

// usual are defaults, in the order of their time.
var usual = []suspect{
	{10, []End{endLimit, endEarly}, "SOGo (SOGoMaximumPingInterval)", "sogo.conf: raise SOGoMaximumPingInterval, with a worker for each phone; or let diastole hold (hold: edge)"},
	{30, byAnswer, "Google's application load balancer, Heroku's router", "the backend service's timeoutSec: 3600"},
	{50, anyhow, "HAProxy as Debian installs it (timeout client and server 50s)", "haproxy.cfg: timeout client 3600s and timeout server 3600s for this backend"},
	{60, byAnswer, "nginx (proxy_read_timeout), Apache (ProxyTimeout), AWS's Application Load Balancer, HAProxy as Red Hat installs it", "nginx: proxy_read_timeout 3600s for /Microsoft-Server-ActiveSync; Apache: ProxyPass … timeout=3600; AWS: idle_timeout.timeout_seconds 3600; HAProxy: timeout server 3600s"},
	{60, byClose, "Traefik (readTimeout of the entry point), HAProxy as Red Hat installs it, SOGo's watchdog (WOWatchDogRequestTimeout)", "Traefik: transport.respondingTimeouts.readTimeout 0; HAProxy: timeout client 3600s; SOGo: WOWatchDogRequestTimeout 60"},
	{75, byClose, "nginx (keepalive_timeout)", "nginx: keepalive_timeout 3600s in front of ActiveSync"},
	{85, anyhow, "Microsoft Entra application proxy (85s)", "the application's back-end time-out: Long (180 s), and waits below that"},
	{100, byAnswer, "Cloudflare (524, 100s)", "do not proxy this name through Cloudflare (grey cloud); 6000 s take an Enterprise plan"},
	{120, anyhow, "IIS (connectionTimeout), its Application Request Routing (proxy time-out)", "IIS: ARR's proxy time-out 3600 s"},
	{180, anyhow, "NetScaler (cltTimeout), Microsoft Entra application proxy set to Long", "NetScaler: cltTimeout and svrTimeout 3600"},
	{240, silently, "Azure's Load Balancer and Firewall (4 min)", "Azure Load Balancer: idleTimeoutInMinutes 30"},
	{300, anyhow, "Envoy (stream_idle_timeout), Microsoft's Web Application Proxy (InactiveTransactionsTimeoutSec), F5 BIG-IP (TCP profile), Apache 2.2 (TimeOut), OpenLiteSpeed", "Envoy: stream_idle_timeout 3600s and the route's timeout; WAP: InactiveTransactionsTimeoutSec 3600; F5: the TCP profile's idle timeout 3600"},
	{300, silently, "F5 BIG-IP (TCP profile, with reset on timeout off)", "F5: the TCP profile's idle timeout 3600"},
	{350, silently, "AWS's Network Load Balancer and NAT gateway (350s)", "AWS: the listener's tcp.idle_timeout.seconds 3600"},
	{360, anyhow, "SOGo's own example for Apache (ProxyPass timeout=360), NetScaler (svrTimeout)", "Apache: ProxyPass … timeout=3600; NetScaler: svrTimeout 3600"},
	{660, anyhow, "Kemp LoadMaster (idle connection time-out)", "the virtual service's Idle Connection Timeout: 3600"},
	{900, silently, "SonicWall (TCP connection inactivity, 15 min)", "SonicWall: TCP Connection Inactivity Timeout 60 min"},
	{1200, silently, "Google's Cloud NAT (established TCP, 20 min)", "Cloud NAT: tcpEstablishedIdleTimeoutSec 3600"},
	{3600, silently, "Cisco ASA, FortiGate, Palo Alto (1 h)", "an hour is enough: leave it"},
}

// suspects are those whose time lies between low and high, give or take what a network
// and a timer take.
func suspects(end End, low, high time.Duration) (who, ways []string) {
	for _, s := range usual {
		at := time.Duration(s.seconds) * time.Second
		give := max(2*time.Second, at/50)
		for _, e := range s.ends {
			if e == end && low-give <= at && at <= high+give {
				who, ways = append(who, s.who), append(ways, s.way)
			}
		}
	}
	return who, ways
}

// generalWays are the ways out of an end that could be heard, whoever it was.
var generalWays = map[End][]string{
	endHTTP: {"raise the time that the proxy in front of the server waits for an answer to 3600 s, for /Microsoft-Server-ActiveSync"},
	endClosed: {"raise the time-outs of what closes (its log has the request, after that time) to 3600 s",
		"if it cannot be told to: let diastole hold (hold: slice or edge), which asks the server in shorter pieces"},
	endReset: {"raise the time-outs of what resets (a server, a balancer or a firewall that speaks in its name) to 3600 s"},
	endEarly: {"raise the longest Ping of the server, or let diastole hold (hold: slice or edge)",
		"if this is diastole: it has shortened the wait itself; `diastole advise` says by which rule"},
	endLate: {"the server is too slow, or has too few workers: `diastole doctor --upstream` with --load says how many waits it takes"},
	endLimit: {"raise the longest Ping that the server takes (Exchange: MaxHeartbeatInterval; SOGo: SOGoMaximumPingInterval; Z-Push: PING_HIGHER_BOUND_LIFETIME)",
		"or let diastole hold (hold: slice or edge), which asks the server in shorter pieces"},
}
