package edge

import (
	"time"

	"golang.org/x/sys/unix"
)

// limits is what a peer may take before it is somebody we know. The values are
// no options: a wait never touches one of them, and everything else that runs
// into one is broken or hostile. Tests shorten them.
type limits struct {
	proxyHeader time.Duration // from accept to the end of the PROXY header; then the connection is closed
	handshake   time.Duration // TLS handshake, then closed
	last        time.Duration // handshakes that are not over when the server stops, then cut
	header      time.Duration // first byte of a request to the end of its header block, then closed
	idle        time.Duration // between two requests, then closed
	write       time.Duration // one write to a client that does not read, then closed
	headerBytes int           // header block; more is answered 431
	streams     uint32        // HTTP/2 requests at once on one connection; more are refused (RFC 9113 5.1.2)
	connections int           // open at once; further ones are answered 503 (see spare)
}

func defaultLimits() limits {
	return limits{
		// A balancer sends its header with the first segment. Two
		// retransmissions fit in.
		proxyHeader: 10 * time.Second,
		// Three round trips on GPRS with a lost segment each.
		handshake: 30 * time.Second,
		// Of those that a restart finds half done, the slowest phones are cut.
		last:   3 * time.Second,
		header: 30 * time.Second,
		idle:   5 * time.Minute,
		// 16 KiB, the largest TLS record, in two minutes: 140 bytes a second.
		// Slower than any network that could carry a mail.
		write: 2 * time.Minute,
		// A Kerberos token grows with the groups of its user: Windows allows
		// 48,000 bytes (MaxTokenSize), which is 64,000 in base64. Go's default
		// of 1 MiB would let a stranger fill memory, nginx's 8 KiB would turn
		// such users away.
		headerBytes: 128 << 10,
		// RFC 9113 6.5.2 asks for at least 100. A phone uses three.
		streams:     100,
		connections: connectionLimit(),
	}
}

// connectionLimit keeps half of the process's file descriptors for the way to
// the upstream. Without it a stranger who opens connections takes the
// descriptors with which requests of others would be relayed, and each of
// those would end as a 502.
func connectionLimit() int {
	const own, most = 64 + spare, 1 << 20 // own: listeners, files, the runtime's; who is turned away
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return most
	}
	if files.Cur >= 2*most+own {
		return most
	}
	return max(int(files.Cur)-own, 128) / 2
}
