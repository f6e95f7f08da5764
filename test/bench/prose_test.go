package bench

import "fmt"

// section explains some figures: how they were got, and what is aimed at.
type section struct {
	title, text, aim string
	figures          []figure
}

const preface = `Read ratios, not figures: the machine is shared with others, and phones, server and proxy share its processors. Each round
visits every proxy once, one after the other, freshly started with 20,000 descriptors, and with its defaults or what its
users set (test/bench/peers_test.go, pushpin_test.go); for the processor's time it is started once more. A figure is the
median of %d rounds, with the lowest and the highest; a ratio is the median of the rounds' own ratios, and below 1 diastole
needs less. There are %d phones, each on a TLS connection of its own, HTTP/1.1, one wait each.

- **diastole** relays every wait to the server (` + "`hold: pass`" + `), as nginx, HAProxy and Caddy do.
- **diastole, edge** asks the server once for each wait and holds it itself (` + "`hold: edge`" + `). Its waits cannot be woken through
  the server; those figures are left out.
- **Pushpin** holds waits itself, too, but only for a server that speaks its GRIP protocol, which no ActiveSync server does:
  the test's server does. It is five processes, its TLS ends at 1.2, and it gets one publish for all or one for each
  device. Its brake on publishing is off: with the default, 2,500 messages a second, waking 8,000 takes 3.2 s.

`

func sections(o *options) []section {
	return []section{
		{"Memory and descriptors", fmt.Sprintf(`Growth of all processes of a proxy from the moment before the first phone came to %v after the last wait was
held (500 phones come in a second): PSS of /proc/PID/smaps_rollup, entries of /proc/PID/fd. Memory of the kernel for sockets is in it for nobody.`, o.settle),
			"at the edge at most 9 KiB and one descriptor; relayed, below HAProxy's.",
			[]figure{memory, descriptors}},
		{"Silence", fmt.Sprintf(`TCP segments that came to the phones (tcpi_segs_in of TCP_INFO) during the last %v of that hold, scaled to 15 min. Each wakes a
radio. What comes more seldom than once in %v is not seen.`, o.settle-calm, o.settle-calm),
			"0.", []figure{segmentsPerHold}},
		{"All woken at once", `The server answers all waits in one loop (Pushpin: one publish); from its begin to the moment when a phone has its answer.`,
			"p99 not above nginx's.", []figure{wakeP99, wakeMedian, wakeMax}},
		{"CPU of a wait cycle", fmt.Sprintf(`User and system time of the proxy for a wait of %v and its answer, on %d connections that are kept for the next wait,
%d cycles. At Pushpin a publish over HTTP is part of each.`, cycle, min(cyclists, o.waits), o.cycles),
			"", []figure{cycleCPU}},
		{"Reconnect storm", `All connections are cut with RST; each phone comes back within the next second at a moment of its own, with a full handshake, and
asks again. From the cut: until the server has all waits again, and until the last phone has sent its request. The handshakes alone
are seconds of processor time, the phones' half included. diastole starts 2,000 waits a second at the server
(` + "`upstream.pace`" + `), to spare it, after a burst of as many: it cannot have all again before (phones - 2,000) / 2,000 s. Who finds a
proxy's queue of new connections full (nginx's has 511 places unless told otherwise) is tried again by TCP after 1, 3, 7 and 15 s.
For a moment a proxy has old and new connections: one that 20,000 descriptors are too few for then (Debian's unit file gives Caddy
1,048,576) shows as phones that are not back.`,
			"", []figure{stormHeld, stormSent, stormLost, refused}},
		{"CPU of a small request", fmt.Sprintf(`User and system time of the proxy for a POST with %d bytes that is answered at once, over %d kept connections.`, len(ping), talkers),
			"at most 60 us first, HAProxy's in the end.", []figure{requestCPU}},
	}
}
